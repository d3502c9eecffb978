using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class SigningTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task Commits_are_signed_with_a_key_of_ssh()
    {
        SkipWithout("ssh-keygen");
        await Bash.RunAsync(_bench[""], "ssh-keygen -q -t ed25519 -N '' -C '' -f key; printf 'codeagent@localhost %s\n' \"$(cat key.pub)\" > allowed");
        var (origin, delivery, _) = await DeliverAsync(SigningFormat.Ssh, _bench["key"]);
        Assert.Equal("G", await origin.GitAsync("-c", $"gpg.ssh.allowedSignersFile={_bench["allowed"]}", "log", "-1", "--format=%G?", delivery.Commit));
    }

    [Fact]
    public async Task Commits_are_signed_with_a_key_of_gpg_and_no_agent_stays()
    {
        SkipWithout("gpg");
        await Bash.RunAsync(_bench[""], """
            home=$(mktemp -d /tmp/cagpg-test-XXXXXX); export GNUPGHOME=$home
            gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key 'CodeAgent <codeagent@localhost>' ed25519 sign never
            gpg --batch --quiet --armor --export-secret-keys > key.asc; gpgconf --kill all; rm -rf "$home"
            """);
        var (origin, delivery, home) = await DeliverAsync(SigningFormat.OpenPgp, _bench["key.asc"]);
        Assert.Contains("-----BEGIN PGP SIGNATURE-----", await origin.GitAsync("cat-file", "commit", delivery.Commit), StringComparison.Ordinal);
        Assert.False(Directory.Exists(home));
    }

    [Theory]
    [InlineData("ssh-keygen")]
    [InlineData("gpg")]
    public async Task A_key_that_is_none_fails_the_delivery(string program)
    {
        SkipWithout(program);
        await File.WriteAllTextAsync(_bench["key"], "no key", TestContext.Current.CancellationToken);
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(program == "gpg" ? SigningFormat.OpenPgp : SigningFormat.Ssh, _bench["key"]));
        Assert.Equal(FailureCodes.DeliveryFailed, failed.Failure.Code);
        Assert.StartsWith("The commit could not be made:", failed.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private static void SkipWithout(string program) => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))), $"There is no {program} here.");

    private async Task<(TestRepository Origin, Delivery Delivery, string Signing)> DeliverAsync(SigningFormat format, string key)
    {
        _bench.Options.Committer.Signing = new() { Format = format, Key = key };
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo 2 > a.txt");
        return (origin, await _bench.DeliverAsync(workspace, new(Guid.CreateVersion7(), new() { Push = true }, "Do it", null, _bench.Time.GetUtcNow())), workspace.Folder.Signing);
    }
}
