using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Workspaces.Credentials;

/// <summary>With a program in place of ssh that notes what it was started with and serves the repository from the disk.</summary>
public sealed class SshKeyTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Theory]
    [InlineData("ssh://git@ssh.example.org{0}")]
    [InlineData("git@ssh.example.org:{0}")]
    public async Task The_key_is_used_and_no_other_and_an_unknown_host_is_refused(string url)
    {
        var arguments = await SshAsync(url, strict: true);
        Assert.Contains("IdentitiesOnly=yes", arguments);
        Assert.Contains("IdentityAgent=none", arguments);
        Assert.Contains("BatchMode=yes", arguments);
        Assert.Contains("StrictHostKeyChecking=yes", arguments);
        Assert.Contains("GlobalKnownHostsFile=/dev/null", arguments);
        Assert.Contains($"UserKnownHostsFile=\"{_bench["it's known"]}\"", arguments);
        Assert.Equal(_bench["it's a key"], arguments[Array.IndexOf(arguments, "-i") + 1]);
    }

    [Fact]
    public async Task A_host_is_taken_when_it_is_first_seen_where_the_configuration_says_so() =>
        Assert.Contains("StrictHostKeyChecking=accept-new", await SshAsync("git@ssh.example.org:{0}", strict: false));

    [Fact]
    public async Task A_key_for_another_host_is_not_used() =>
        Assert.DoesNotContain("-i", await SshAsync("git@other.example.org:{0}", strict: true));

    public void Dispose() => _bench.Dispose();

    private async Task<string[]> SshAsync(string url, bool strict)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        await Bash.RunAsync(_bench[""], """
            mkdir -p bin; printf '#!/bin/sh\nprintf "%%s\\n" "$@" > "'"$PWD"'/arguments"\nfor last; do :; done\nexec sh -c "$last"\n' > bin/ssh; chmod +x bin/ssh
            """);
        _bench.Options.Credentials.Add(new() { Host = "ssh.example.org", SshKey = _bench["it's a key"], KnownHosts = _bench["it's known"], StrictHostKeys = strict });
        Directory.CreateDirectory(_bench.Folders.Cache);
        var answer = await _bench.Git.RunAsync(new(origin.Path + "/.git", "ls-remote", "--", string.Format(null, url, origin.Path), "refs/heads/main")
        {
            Remote = string.Format(null, url, origin.Path),
            Environment = new Dictionary<string, string?> { ["PATH"] = $"{_bench["bin"]}:{Environment.GetEnvironmentVariable("PATH")}" },
        }, TestContext.Current.CancellationToken);
        Assert.EndsWith("refs/heads/main", answer, StringComparison.Ordinal);
        return await File.ReadAllLinesAsync(_bench["arguments"], TestContext.Current.CancellationToken);
    }
}
