using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.Worker.Tests.Workspaces.Credentials;

public sealed class TokenTests : IDisposable
{
    private const string Token = "ghp_thisIsTheSecretToken";
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task A_token_of_the_configuration_opens_the_repository()
    {
        await using var server = await _bench.ServerAsync(Token);
        var (origin, head) = await OriginAsync();
        Configure(server, Token);

        Assert.Equal(head, (await FetchAsync(server.UrlOf(origin))).Commit);
    }

    [Fact]
    public async Task Without_a_token_for_it_the_repository_stays_closed_and_nobody_is_asked()
    {
        await using var server = await _bench.ServerAsync(Token);
        var (origin, _) = await OriginAsync();

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(origin)));
        Assert.Equal(FailureCodes.RepositoryUnavailable, failed.Failure.Code);
        Assert.Contains("could not read Username", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_entry_with_the_longest_path_counts_and_a_name_that_only_begins_alike_is_another()
    {
        await using var server = await _bench.ServerAsync(Token);
        var (origin, _) = await OriginAsync("org/app");
        var (other, _) = await OriginAsync("org/app2");
        Configure(server, "wrong");
        Configure(server, Token, "org/app");

        await FetchAsync(server.UrlOf(origin));
        await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(other)));
    }

    [Fact]
    public async Task A_token_is_not_sent_over_plain_http_unless_that_is_allowed()
    {
        await using var server = await _bench.ServerAsync(Token);
        var (origin, _) = await OriginAsync();
        Configure(server, Token);
        _bench.Options.Credentials[0].AllowHttp = false;

        await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(origin)));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_token_in_a_file_is_read_at_each_use()
    {
        await using var server = await _bench.ServerAsync("second");
        var (origin, head) = await OriginAsync();
        _bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, TokenFile = _bench["token"] });
        Assert.Contains("cannot be read", (await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(origin)))).Message, StringComparison.Ordinal);

        await File.WriteAllTextAsync(_bench["token"], "first\n", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(origin)));
        await File.WriteAllTextAsync(_bench["token"], "second\n", TestContext.Current.CancellationToken);
        Assert.Equal(head, (await FetchAsync(server.UrlOf(origin))).Commit);
    }

    [Fact]
    public async Task A_server_that_repeats_the_token_does_not_get_it_into_the_message()
    {
        await using var server = await _bench.ServerAsync(Token);
        var (origin, _) = await OriginAsync();
        Configure(server, Token);
        server.Before = async http =>
        {
            http.Response.StatusCode = 500;
            http.Response.ContentType = "text/plain";
            await http.Response.WriteAsync($"fatal: {Token} and {http.Request.Headers.Authorization}");
            await http.Response.CompleteAsync();
        };

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => FetchAsync(server.UrlOf(origin)));
        Assert.DoesNotContain(Token, failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"x-access-token:{Token}")), failed.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private async Task<(TestRepository Origin, string Head)> OriginAsync(string name = "origin")
    {
        var origin = await _bench.RepositoryAsync(name);
        return (origin, await origin.CommitAsync(("a.txt", "1")));
    }

    private void Configure(GitServer server, string token, string path = "") =>
        _bench.Options.Credentials.Add(new() { Host = server.Host, Path = path, AllowHttp = true, Token = new ConfigSecret(token) });

    private Task<CachedCommit> FetchAsync(string url) => _bench.Cache.FetchAsync(new() { Url = url }, TestContext.Current.CancellationToken);
}
