using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.Api.Tests.Identity;

public sealed class KeySecretTests(GarnetFixture redis) : IClassFixture<GarnetFixture>
{
    private const string First = "first-first-first-first-first-first";
    private const string Second = "second-second-second-second-second";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void What_is_stored_is_the_hmac_of_the_key_by_the_newest_secret()
    {
        // echo -n ca_key | openssl dgst -sha256 -hmac first-first-first-first-first-first
        Assert.Equal(HmacOfCaKey, new KeySecrets(First).Hash("ca_key"));
        Assert.Equal(HmacOfCaKey, new KeySecrets($" {First},\n{Second} ").Hash("ca_key"));
        Assert.Equal(Secret.Hash("ca_key"), new KeySecrets("").Hash("ca_key"));
    }

    [Fact]
    public void What_was_stored_before_still_fits_and_nothing_else_does()
    {
        var both = new KeySecrets($"{Second},{First}");

        Assert.True(both.Fits("ca_key", new KeySecrets(Second).Hash("ca_key")));
        Assert.True(both.Fits("ca_key", new KeySecrets(First).Hash("ca_key")));
        Assert.True(both.Fits("ca_key", Secret.Hash("ca_key")));
        Assert.False(both.Fits("ca_key", new KeySecrets(First).Hash("ca_kez")));
        Assert.False(new KeySecrets(First).Fits("ca_key", new KeySecrets(Second).Hash("ca_key")));
        Assert.False(both.Fits("ca_key", ""));
    }

    [Fact]
    public void A_short_secret_is_refused_and_the_good_ones_stay()
    {
        var secrets = new KeySecrets(First);

        var refused = Assert.Throws<OptionsValidationException>(() => secrets.Use($"{First},short"));

        Assert.Contains("at least 32 characters", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(First, refused.Message, StringComparison.Ordinal);
        Assert.Equal(HmacOfCaKey, secrets.Hash("ca_key"));
    }

    [Fact]
    public async Task Secrets_in_a_file_change_with_it_and_a_bad_file_changes_nothing()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, First, Stop);
        var time = new FakeTimeProvider();
        using var secrets = new KeySecrets("");
        using var reader = new KeySecretFile(new Fixed(new() { KeySecretFile = file }), secrets, time, NullLogger<KeySecretFile>.Instance);
        await reader.StartAsync(Stop);
        Assert.Equal(HmacOfCaKey, secrets.Hash("ca_key"));

        await File.WriteAllTextAsync(file, "short", Stop);
        time.Advance(TimeSpan.FromSeconds(2));
        await File.WriteAllTextAsync(file, $"{Second}\n{First}\n", Stop);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(secrets.Fingerprints.Count == 2);
        }, TimeSpan.FromSeconds(20), "the file was read again");

        Assert.Equal(new KeySecrets(Second).Hash("ca_key"), secrets.Hash("ca_key"));
        Assert.True(secrets.Fits("ca_key", HmacOfCaKey));
        await reader.StopAsync(Stop);
        File.Delete(file);
    }

    [Theory]
    [InlineData(First, First, true, null)]
    [InlineData("", "", true, null)]
    [InlineData(Second + "," + First, First + "," + Second, true, null)]
    [InlineData(First, Second, false, "Api does not have the secret that Gateway hashes keys with")]
    [InlineData(First, "", false, "Gateway does not have the secret that Api hashes keys with")]
    [InlineData(Second + "," + First, First, false, "Gateway does not have the secret that Api hashes keys with")]
    public async Task Services_that_hash_with_secrets_that_others_lack_say_so(string api, string gateway, bool agree, string? said)
    {
        await redis.Client.GetDatabase().KeyDeleteAsync(KeySecretAgreement.Said);
        var (one, other) = (Agreement("Api", api), Agreement("Gateway", gateway));

        await one.CompareAsync();
        await other.CompareAsync();
        await one.CompareAsync();

        Assert.Equal((agree, agree), (one.IsKnownToAll, other.IsKnownToAll));
        var health = await one.CheckHealthAsync(new(), Stop);
        Assert.Equal(said is null, health.Description is null);
        Assert.Contains(said ?? "", health.Description ?? "", StringComparison.Ordinal);
        await other.LeaveAsync();
        await one.CompareAsync();
        Assert.True(one.IsKnownToAll);
    }

    [Fact]
    public async Task A_use_is_written_at_most_once_a_minute_and_not_for_keys_that_are_gone()
    {
        var store = new KeyStore(redis.Client);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(20_000));
        using var uses = new KeyUses(store, time, NullLogger<KeyUses>.Instance);
        var key = new KeyRecord(Guid.NewGuid().ToString("N"), "x", [Scopes.Read], time.GetUtcNow());
        await store.AddAsync(key, Secret.NewKey());
        var began = time.GetUtcNow();

        Assert.Equal(began, await UsedAsync());
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(began, await UsedAsync());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(began.AddMinutes(1), await UsedAsync());
        await store.RemoveAsync(key.Id);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await UsedAsync());

        async Task<DateTimeOffset?> UsedAsync()
        {
            uses.Note(key.Id);
            await uses.WriteAsync(TimeSpan.FromMinutes(1));
            return (await store.LastUsedAsync([key.Id]))[0];
        }
    }

    private KeySecretAgreement Agreement(string name, string secrets) =>
        new(redis.Client, new KeySecrets(secrets), new HostingEnvironment { ApplicationName = name }, TimeProvider.System, NullLogger<KeySecretAgreement>.Instance);

    private const string HmacOfCaKey = "b012c3112cf25fb31dceb5d84113a7008ffa0d3d2bd36c4f97e3d0bca418b895";

    private sealed class Fixed(IdentityOptions options) : IOptionsMonitor<IdentityOptions>
    {
        public IdentityOptions CurrentValue => options;

        public IdentityOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<IdentityOptions, string?> listener) => null;
    }
}
