using System.Text.Json.Nodes;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class PullRequestTests : IDisposable
{
    private const string Token = "glpat_pullRequests";
    private readonly WorkspaceBench _bench = new();
    private readonly Guid _task = Guid.CreateVersion7();
    private JsonObject? _posted;

    [Fact]
    public async Task At_GitHub_one_is_opened_and_found_again()
    {
        await using var api = await GitHostServer.StartAsync(GitHub);
        await using var server = await _bench.ServerAsync(Token);
        var workspace = await OpenAsync(server, api, GitHostApi.GitHub);

        var delivery = await DeliverAsync(workspace, new() { Draft = true });
        Assert.Equal(new(17, "https://git.example.org/org/app/pull/17"), delivery.PullRequest);
        Assert.Null(delivery.Warning);
        Assert.Equal(("The title", $"codeagent/{_task}", "main", true), ((string?)_posted!["title"], (string?)_posted["head"], (string?)_posted["base"], (bool?)_posted["draft"]));
        Assert.Equal($"Why it is so.\n\nTask: {_task}", (string?)_posted["body"]);

        Assert.Equal(delivery.PullRequest, (await DeliverAsync(workspace, new())).PullRequest);
        Assert.Single(api.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task At_GitLab_one_is_opened_and_found_again()
    {
        await using var api = await GitHostServer.StartAsync(GitLab);
        await using var server = await _bench.ServerAsync(Token);
        var workspace = await OpenAsync(server, api, GitHostApi.GitLab);

        var delivery = await DeliverAsync(workspace, new() { Title = "Mine", Body = "", Base = "stable", Draft = true });
        Assert.Equal(new(5, "https://git.example.org/org/app/-/merge_requests/5"), delivery.PullRequest);
        Assert.Equal(("Draft: Mine", $"codeagent/{_task}", "stable", ""),
            ((string?)_posted!["title"], (string?)_posted["source_branch"], (string?)_posted["target_branch"], (string?)_posted["description"]));

        Assert.Equal(delivery.PullRequest, (await DeliverAsync(workspace, new())).PullRequest);
        Assert.Single(api.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_host_says_against_it_is_told_and_the_push_stays()
    {
        await using var api = await GitHostServer.StartAsync(routes =>
        {
            routes.MapGet("/repos/org/app/pulls", () => Results.Json(Array.Empty<object>()));
            routes.MapPost("/repos/org/app/pulls", () => Results.Json(new { message = $"Validation Failed {Token}", errors = new[] { new { message = "No commits between main and it" } } }, statusCode: 422));
        });
        await using var server = await _bench.ServerAsync(Token);
        var delivery = await DeliverAsync(await OpenAsync(server, api, GitHostApi.GitHub), new());

        Assert.True(delivery.Pushed);
        Assert.Null(delivery.PullRequest);
        Assert.Contains("HTTP 422: Validation Failed *** [{\"message\":\"No commits between main and it\"}]", delivery.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_nobody_configured_is_told()
    {
        await using var api = await GitHostServer.StartAsync(GitHub);
        await using var server = await _bench.ServerAsync(Token);
        var workspace = await OpenAsync(server, api, GitHostApi.GitHub);
        _bench.Options.GitHosts.Clear();

        var delivery = await DeliverAsync(workspace, new());
        Assert.True(delivery.Pushed);
        Assert.Contains($"no API of {server.Host} under gitHosts", delivery.Warning, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private void GitHub(RouteGroupBuilder routes)
    {
        var view = new { number = 17, html_url = "https://git.example.org/org/app/pull/17" };
        routes.MapGet("/repos/org/app/pulls", (HttpContext http, string state, string head) => !Signed(http) ? Results.Unauthorized()
            : Results.Json(state == "open" && head == $"org:codeagent/{_task}" && _posted is not null ? new[] { view } : []));
        routes.MapPost("/repos/org/app/pulls", (HttpContext http, JsonObject body) =>
        {
            _posted = body;
            return Signed(http) ? Results.Json(view, statusCode: 201) : Results.Unauthorized();
        });
    }

    // Routes do not match an escaped slash, which GitLab wants in a project's path.
    private void GitLab(RouteGroupBuilder routes) => routes.Map("/projects/{**rest}", async (HttpContext http) =>
    {
        var view = new { iid = 5, web_url = "https://git.example.org/org/app/-/merge_requests/5" };
        if (!Signed(http) || http.Request.Path.Value!.EndsWith("/projects/org%2Fapp/merge_requests", StringComparison.Ordinal) is false)
        {
            return Results.NotFound();
        }

        if (http.Request.Method == "GET")
        {
            return Results.Json(http.Request.Query["source_branch"] == $"codeagent/{_task}" && http.Request.Query["state"] == "opened" && _posted is not null ? new[] { view } : []);
        }

        _posted = await http.Request.ReadFromJsonAsync<JsonObject>();
        return Results.Json(view, statusCode: 201);
    });

    private static bool Signed(HttpContext http) => http.Request.Headers.Authorization == $"Bearer {Token}";

    private async Task<Workspace> OpenAsync(GitServer server, GitHostServer api, GitHostApi kind)
    {
        _bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, Token = new ConfigSecret(Token) });
        _bench.Options.GitHosts.Add(new() { Host = server.Host, Api = kind, BaseUrl = api.Url });
        var origin = await _bench.RepositoryAsync("org/app");
        await origin.CommitAsync(("a.txt", "1"));
        var workspace = await _bench.OpenAsync(WorkspaceBench.LeaseFor(new() { Url = server.UrlOf(origin) }));
        await _bench.RunAsync(workspace, "echo 2 > a.txt");
        return workspace;
    }

    private Task<Delivery> DeliverAsync(Workspace workspace, PullRequestRequest request) => _bench.DeliverAsync(workspace,
        new(_task, new() { Push = true, PullRequest = request }, "Do it", "The title\n\nWhy it is so.", new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), new() { Url = workspace.Base.Url! }));
}
