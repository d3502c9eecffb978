using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces.Credentials;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.Worker.Tests.Workspaces.Credentials;

public sealed class GitHubAppTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly WorkspaceBench _bench;
    private readonly RSA _key = RSA.Create(2048);
    private int _given;

    public GitHubAppTests() => _bench = new(_time);

    [Fact]
    public async Task A_token_is_asked_for_in_the_apps_name_and_kept_until_shortly_before_its_end()
    {
        await using var api = await ApiAsync();
        await ConfigureAsync("git.example.org", api);

        Assert.Equal("ghs_1", await TokenAsync());
        _time.Advance(TimeSpan.FromMinutes(49));
        Assert.Equal("ghs_1", await TokenAsync());
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("ghs_2", await TokenAsync());
        Assert.Equal(["POST /app/installations/42/access_tokens", "POST /app/installations/42/access_tokens"], api.Requests);
    }

    [Fact]
    public async Task Many_at_once_share_one_token()
    {
        await using var api = await ApiAsync();
        await ConfigureAsync("git.example.org", api);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => TokenAsync())), token => Assert.Equal("ghs_1", token));
    }

    [Fact]
    public async Task A_token_that_ended_in_the_middle_of_a_task_is_fetched_again_for_the_push()
    {
        await using var api = await ApiAsync();
        await using var server = await _bench.ServerAsync("ghs_1");
        await ConfigureAsync(server.Host, api);
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var workspace = await _bench.OpenAsync(WorkspaceBench.LeaseFor(new() { Url = server.UrlOf(origin) }));
        await _bench.RunAsync(workspace, "echo 2 > a.txt");
        server.Tokens.Clear();
        server.Tokens["ghs_2"] = true;

        var delivery = await _bench.Deliverer.DeliverAsync(workspace, await workspace.SnapshotAsync(TestContext.Current.CancellationToken),
            new(Guid.CreateVersion7(), new() { Push = true }, "Do it", null, _time.GetUtcNow()), () => Task.CompletedTask, TestContext.Current.CancellationToken);
        Assert.True(delivery.Pushed);
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task What_the_host_says_is_the_reason_why_the_repository_cannot_be_had()
    {
        await using var api = await GitHostServer.StartAsync(_ => { });
        await ConfigureAsync("git.example.org", api);
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => _bench.Cache.FetchAsync(new() { Url = "https://git.example.org/a/b" }, TestContext.Current.CancellationToken));
        Assert.Equal(FailureCodes.RepositoryUnavailable, failed.Failure.Code);
        Assert.Contains("GitHub App 7 no token for its installation 42: HTTP 404", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_none_is_named()
    {
        await using var api = await ApiAsync();
        await ConfigureAsync("git.example.org", api);
        await File.WriteAllTextAsync(_bench["app.pem"], "no key", TestContext.Current.CancellationToken);
        Assert.Contains("private key of the GitHub App 7", (await Assert.ThrowsAsync<CredentialException>(TokenAsync)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _bench.Dispose();
        _key.Dispose();
    }

    private Task<string?> TokenAsync() => _bench.Services.GetRequiredService<GitCredentials>().TokenAsync("https://git.example.org/org/app.git", TestContext.Current.CancellationToken);

    private Task<GitHostServer> ApiAsync() => GitHostServer.StartAsync(api => api.MapPost("/app/installations/42/access_tokens", (HttpContext http) =>
    {
        var parts = http.Request.Headers.Authorization.ToString()["Bearer ".Length..].Split('.');
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        var valid = _key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            && claims.GetProperty("iss").GetString() == "7"
            && claims.GetProperty("iat").GetInt64() < _time.GetUtcNow().ToUnixTimeSeconds()
            && claims.GetProperty("exp").GetInt64() is var end && end > _time.GetUtcNow().ToUnixTimeSeconds() && end <= _time.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds();
        return valid ? Results.Json(new { token = $"ghs_{Interlocked.Increment(ref _given)}", expires_at = _time.GetUtcNow().AddHours(1) }, statusCode: 201) : Results.Unauthorized();
    }));

    private async Task ConfigureAsync(string host, GitHostServer api)
    {
        await File.WriteAllTextAsync(_bench["app.pem"], _key.ExportRSAPrivateKeyPem(), TestContext.Current.CancellationToken);
        _bench.Options.GitHosts.Add(new() { Host = host, Api = GitHostApi.GitHub, BaseUrl = api.Url });
        _bench.Options.Credentials.Add(new() { Host = host, AllowHttp = true, GitHubApp = new() { AppId = "7", InstallationId = 42, PrivateKey = _bench["app.pem"] } });
    }
}
