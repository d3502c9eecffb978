using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Keys;

public sealed class KeyLifeOnGarnet(ApiOn<GarnetFixture> fixture) : KeyLifeTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class KeyLifeOnRedis(ApiOn<RedisServerFixture> fixture) : KeyLifeTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

/// <summary>How keys come to be someone's, change and end; with a server's secret.</summary>
public abstract class KeyLifeTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const string KeySecret = "the-first-secret-of-these-tests-long-enough";

    protected override IEnumerable<(string Name, string Value)> Settings => [("CODEAGENT_KEY_SECRET", KeySecret)];

    [Fact]
    public async Task A_tenants_admin_makes_sees_changes_and_revokes_keys_of_its_tenant_alone()
    {
        var house = await MakeAsync(Api, """{ "name": "house", "scopes": ["read"] }""");
        var theirs = await MakeAsync(Api, """{ "name": "theirs", "scopes": ["admin", "read"], "tenant": "theirs" }""");
        var ours = await MakeAsync(Api, """{ "name": "ours", "scopes": ["admin", "read"], "tenant": "ours" }""");
        var admin = Keep(Server.Client(ours.Key));

        var implied = await MakeAsync(admin, """{ "name": "implied", "scopes": ["read"] }""");
        var named = await MakeAsync(admin, """{ "name": "named", "scopes": ["read"], "tenant": "ours" }""");
        Assert.Equal(("ours", "ours"), (implied.Tenant, named.Tenant));
        await ExpectAsync(admin, """{ "name": "x", "scopes": ["read"], "tenant": "theirs" }""", HttpStatusCode.Forbidden, "tenant-not-held", "tenant");

        Assert.Equal(["ours", "implied", "named"], (await ListAsync(admin)).Select(key => key.Name));
        Assert.Equal([null, "theirs", "ours", "ours", "ours"], (await ListAsync(Api)).Select(key => key.Tenant));
        foreach (var other in (NewKeyView[])[house, theirs])
        {
            await ApiClient.ExpectProblemAsync(await admin.Http.DeleteAsync($"/v1/keys/{other.Id}", Stop), HttpStatusCode.NotFound, "key-not-found");
            await ApiClient.ExpectProblemAsync(await admin.PostAsync($"/v1/keys/{other.Id}/rotate"), HttpStatusCode.NotFound, "key-not-found");
            Assert.Equal(HttpStatusCode.OK, await OpensAsync(other.Key));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await admin.Http.DeleteAsync($"/v1/keys/{named.Id}", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await OpensAsync(named.Key));
    }

    [Theory]
    [InlineData("work")]
    [InlineData("operate")]
    [InlineData("gateway")]
    public async Task What_concerns_all_tenants_is_given_to_none_of_them(string scope)
    {
        var admin = Keep(Server.Client((await MakeAsync(Api, """{ "name": "ours", "scopes": ["admin"], "tenant": "ours" }""")).Key));

        await ExpectAsync(Api, $$"""{ "name": "x", "scopes": ["{{scope}}"], "tenant": "ours" }""", HttpStatusCode.BadRequest, "scope-of-the-house", "scopes");
        await ExpectAsync(admin, $$"""{ "name": "x", "scopes": ["{{scope}}"] }""", HttpStatusCode.BadRequest, "scope-of-the-house", "scopes");
    }

    [Theory]
    [InlineData("\"tenant\": \"\"", "tenant")]
    [InlineData("\"tenant\": \"Ours\"", "tenant")]
    [InlineData("\"tenant\": \"a:b\"", "tenant")]
    [InlineData("\"tenant\": \"a\\n\"", "tenant")]
    [InlineData("\"tenant\": \"0123456789012345678901234567890123456789012345678901234567890123\"", "tenant")]
    [InlineData("\"expiresAt\": \"2020-01-01T00:00:00Z\"", "expiresAt")]
    [InlineData("\"expiresAt\": \"tomorrow\"", "expiresAt")]
    public async Task A_bad_tenant_or_end_is_refused_with_its_field(string part, string field)
    {
        await ExpectAsync(Api, $$"""{ "name": "x", "scopes": ["read"], {{part}} }""", HttpStatusCode.BadRequest, "invalid-field", field);
        Assert.Empty(await ListAsync(Api));
    }

    [Fact]
    public async Task A_key_ends_when_it_says_so_though_it_is_remembered()
    {
        var end = TimeProvider.System.GetUtcNow().AddSeconds(4);
        var made = await MakeAsync(Api, $$"""{ "name": "short", "scopes": ["read"], "expiresAt": "{{end:O}}" }""");
        Assert.Equal(end, made.ExpiresAt);
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(made.Key));

        await Eventually.TrueAsync(async () => await OpensAsync(made.Key) == HttpStatusCode.Unauthorized, Limit, "the key has ended");

        Assert.True(TimeProvider.System.GetUtcNow() >= end);
        Assert.Equal(end, Assert.Single(await ListAsync(Api)).ExpiresAt);
        await ApiClient.ExpectProblemAsync(await Api.PostAsync($"/v1/keys/{made.Id}/rotate"), HttpStatusCode.Conflict, "key-expired");
    }

    [Fact]
    public async Task The_list_says_when_a_key_was_last_used()
    {
        var before = TimeProvider.System.GetUtcNow().AddMilliseconds(-1);
        var (used, unused) = (await MakeAsync(Api, """{ "name": "used", "scopes": ["read"] }"""), await MakeAsync(Api, """{ "name": "unused", "scopes": ["read"] }"""));
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(used.Key));

        var at = await Eventually.GetAsync(async () => (await ListAsync(Api)).Single(key => key.Id == used.Id).LastUsedAt is { } time ? (object)time : null, Limit, "its use is written");

        Assert.InRange((DateTimeOffset)at, before, TimeProvider.System.GetUtcNow());
        Assert.Null((await ListAsync(Api)).Single(key => key.Id == unused.Id).LastUsedAt);
    }

    [Fact]
    public async Task A_key_that_was_found_is_not_asked_for_again_and_ends_everywhere_when_it_is_revoked()
    {
        await using var other = StartAnother();
        var made = await MakeAsync(Api, """{ "name": "ci", "scopes": ["read"] }""");
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(made.Key));
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(made.Key, other));

        // Behind the Api's back: it goes on, so it did not look.
        var record = RedisKeys.ApiKey(new KeySecrets(KeySecret).Hash(made.Key));
        var json = await Redis.Client.GetDatabase().StringGetDeleteAsync(record);
        Assert.True(json.HasValue);
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(made.Key));

        await Redis.Client.GetDatabase().StringSetAsync(record, json);
        Assert.Equal(HttpStatusCode.NoContent, (await Api.Http.DeleteAsync($"/v1/keys/{made.Id}", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await OpensAsync(made.Key));
        await Eventually.TrueAsync(async () => await OpensAsync(made.Key, other) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(10), "the other instance has heard of it, before it would have asked again");
    }

    [Fact]
    public async Task A_new_secret_takes_over_at_once_and_the_old_one_ends_with_its_grace()
    {
        var made = await MakeAsync(Api, """{ "name": "ci", "scopes": ["read"] }""");
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(made.Key));

        var second = await RotateAsync(made.Id, """{ "graceSeconds": 3600 }""");
        Assert.Equal((made.Id, made.Name, made.CreatedAt), (second.Id, second.Name, second.CreatedAt));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await OpensAsync(made.Key), await OpensAsync(second.Key)));
        var third = await RotateAsync(made.Id, """{ "graceSeconds": 3 }""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await OpensAsync(second.Key), await OpensAsync(third.Key)));
        await Eventually.TrueAsync(async () => await OpensAsync(second.Key) == HttpStatusCode.Unauthorized, Limit, "its grace is over");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await OpensAsync(made.Key), await OpensAsync(third.Key)));

        var last = await RotateAsync(made.Id, null);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await OpensAsync(third.Key), await OpensAsync(last.Key)));
        Assert.Single(await ListAsync(Api));
        Assert.Equal(HttpStatusCode.NoContent, (await Api.Http.DeleteAsync($"/v1/keys/{made.Id}", Stop)).StatusCode);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await OpensAsync(made.Key), await OpensAsync(last.Key)));
        Assert.Empty(await StoredAsync());
    }

    [Fact]
    public async Task A_repeated_rotation_gives_no_second_secret()
    {
        var made = await MakeAsync(Api, """{ "name": "ci", "scopes": ["read"] }""");
        var first = await SendAsync();
        var rotated = await ApiClient.ReadAsync(first, HttpStatusCode.OK, KeysJson.Default.NewKeyView);

        await ApiClient.ExpectProblemAsync(await SendAsync(), HttpStatusCode.Conflict, "key-rotated-already");
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(rotated.Key));

        async Task<HttpResponseMessage> SendAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/keys/{made.Id}/rotate");
            request.Headers.Add("Idempotency-Key", "once");
            return await Api.Http.SendAsync(request, Stop);
        }
    }

    [Fact]
    public async Task Nobody_gets_the_secret_of_a_key_that_may_do_more_than_he()
    {
        var powerful = await MakeAsync(Api, """{ "name": "powerful", "scopes": ["submit"] }""");
        var narrow = Keep(Server.Client((await MakeAsync(Api, """{ "name": "narrow", "scopes": ["admin"] }""")).Key));

        await ApiClient.ExpectProblemAsync(await narrow.PostAsync($"/v1/keys/{powerful.Id}/rotate"), HttpStatusCode.Forbidden, "scope-not-held", "scopes");
        await ApiClient.ExpectProblemAsync(
            await Api.PostTextAsync($"/v1/keys/{powerful.Id}/rotate", """{ "graceSeconds": -1 }"""), HttpStatusCode.BadRequest, "invalid-field", "graceSeconds");
        Assert.Equal(HttpStatusCode.Forbidden, await OpensAsync(powerful.Key));
    }

    [Fact]
    public async Task A_key_from_before_the_secret_goes_on_and_is_hashed_anew_at_its_next_use()
    {
        var secret = Secret.NewKey();
        var key = new KeyRecord(Guid.CreateVersion7().ToString("N"), "old", [Scopes.Read], DateTimeOffset.UnixEpoch);
        await new KeyStore(Redis.Client).AddAsync(key, secret);
        var (bare, keyed) = (RedisKeys.ApiKey(Secret.Hash(secret)), RedisKeys.ApiKey(new KeySecrets(KeySecret).Hash(secret)));
        await Server.Services.GetRequiredService<KeySecretAgreement>().CompareAsync();

        Assert.Equal(HttpStatusCode.OK, await OpensAsync(secret));

        var database = Redis.Client.GetDatabase();
        Assert.True(await database.KeyExistsAsync(keyed));
        Assert.InRange((await database.KeyTimeToLiveAsync(bare)).GetValueOrDefault(), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(keyed.ToString(), RedisKeys.ApiKey((string)(await database.HashGetAsync(RedisKeys.Prefix + "keys", key.Id))!).ToString());
        Assert.Equal(HttpStatusCode.OK, await OpensAsync(secret));

        // With its secret, both records of it end.
        await RotateAsync(key.Id, null);
        Assert.Equal(HttpStatusCode.Unauthorized, await OpensAsync(secret));
        Assert.False(await database.KeyExistsAsync(bare) || await database.KeyExistsAsync(keyed));
    }

    [Fact]
    public async Task A_key_is_found_by_the_older_secret_and_hashed_with_the_newer_one()
    {
        const string Newer = "the-second-secret-of-these-tests-long-enough";
        var made = await MakeAsync(Api, """{ "name": "ci", "scopes": ["read"] }""");
        await using var other = ApiServer.Start(Redis.ConnectionString, Folder, ("CODEAGENT_KEY_SECRET", $"{Newer},{KeySecret}"));
        await Server.Services.GetRequiredService<KeySecretAgreement>().CompareAsync();
        var agreement = other.Services.GetRequiredService<KeySecretAgreement>();
        await agreement.CompareAsync();

        // The first instance does not have the newer secret: the key stays where it finds it.
        Assert.False(agreement.IsKnownToAll);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await OpensAsync(made.Key, other), await OpensAsync(made.Key)));
        var newer = RedisKeys.ApiKey(new KeySecrets(Newer).Hash(made.Key));
        Assert.False(await Redis.Client.GetDatabase().KeyExistsAsync(newer));
        Assert.Single(await StoredAsync());
    }

    private async Task<List<string>> StoredAsync()
    {
        List<string> stored = [];
        await foreach (var key in Redis.Client.GetServers().Single().KeysAsync(pattern: $"{RedisKeys.Prefix}key:*"))
        {
            stored.Add(key.ToString());
        }

        return stored;
    }

    private static async Task<NewKeyView> MakeAsync(ApiClient client, string json)
    {
        using var answer = await client.PostTextAsync("/v1/keys", json);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.Created, KeysJson.Default.NewKeyView);
    }

    private async Task<NewKeyView> RotateAsync(string id, string? json)
    {
        using var answer = json is null ? await Api.PostAsync($"/v1/keys/{id}/rotate") : await Api.PostTextAsync($"/v1/keys/{id}/rotate", json);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, KeysJson.Default.NewKeyView);
    }

    private static async Task ExpectAsync(ApiClient client, string json, HttpStatusCode status, string type, string field)
    {
        using var answer = await client.PostTextAsync("/v1/keys", json);
        await ApiClient.ExpectProblemAsync(answer, status, type, field);
    }

    private static async Task<IReadOnlyList<KeyView>> ListAsync(ApiClient client) =>
        (await client.Http.GetFromJsonAsync<JsonElement>("/v1/keys", Stop)).GetProperty("items").Deserialize(KeysJson.Default.IReadOnlyListKeyView)!;

    private async Task<HttpStatusCode> OpensAsync(string key, ApiServer? server = null)
    {
        using var client = (server ?? Server).Client(key);
        using var answer = await client.Http.GetAsync("/v1/tasks", Stop);
        return answer.StatusCode;
    }
}
