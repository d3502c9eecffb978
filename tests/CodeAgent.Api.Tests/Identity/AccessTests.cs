using System.Net;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Identity;

/// <summary>Walks all endpoints that there are: whoever adds one is asked who may use it.</summary>
public sealed class AccessTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    // Health for probes, and the page and the documentation, which know nothing.
    private static readonly string[] Open = ["/health", "/alive", "/page/", "/openapi/", "/scalar"];

    [Fact]
    public void Each_endpoint_says_who_may_use_it_and_only_health_page_and_documentation_are_open()
    {
        foreach (var endpoint in Endpoints())
        {
            var path = endpoint.RoutePattern.RawText!;
            var policies = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).ToList();
            if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            {
                Assert.True(path is "" or "/" || Open.Any(open => path.StartsWith(open.TrimEnd('/'), StringComparison.Ordinal)), $"{path} is open to everybody");
            }
            else
            {
                Assert.True(policies.Count > 0 && policies.All(policy => policy is not null && Policies.Contains(policy)), $"{path} does not say which scope it needs");
            }
        }
    }

    [Fact]
    public async Task Without_a_key_each_closed_endpoint_answers_401()
    {
        using var nobody = Server.Client(null);
        using var guess = Server.Client(Secret.NewKey());
        foreach (var client in (ApiClient[])[nobody, guess])
        {
            foreach (var (method, path, _) in Closed())
            {
                using var answer = await SendAsync(client, method, path);
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{method} {path} answers {(int)answer.StatusCode}");
                Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
            }
        }
    }

    [Fact]
    public async Task A_key_with_every_scope_but_the_one_that_is_needed_is_refused()
    {
        Dictionary<string, ApiClient> lacking = [];
        foreach (var scope in Scopes.All)
        {
            lacking[scope] = await ClientAsync([.. Scopes.All.Except([scope])]);
        }

        lacking[Scopes.TaskToken] = await ClientAsync([.. Scopes.All]);
        lacking[Scopes.Lease] = lacking[Scopes.TaskToken];
        var tried = 0;
        foreach (var (method, path, policy) in Closed())
        {
            using var answer = await SendAsync(lacking[policy], method, path);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{method} {path} needs {policy}, but answers {(int)answer.StatusCode} without");
            tried++;
        }

        Assert.InRange(tried, 20, int.MaxValue);
    }

    [Fact]
    public async Task Every_answer_tells_browsers_to_make_nothing_of_it()
    {
        foreach (var path in (string[])["/v1/tasks", "/v1/status", $"/v1/tasks/{Guid.CreateVersion7()}", "/nowhere", "/alive", "/openapi/v1.json"])
        {
            using var answer = await Api.Http.GetAsync(path, Stop);
            Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
            Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
            Assert.Equal("default-src 'none'; frame-ancestors 'none'", Header(answer, "Content-Security-Policy"));
            Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
        }

        using var browser = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept", "text/html" } } };
        using var page = await Api.Http.SendAsync(browser, Stop);
        Assert.Contains("script-src 'self'", Header(page, "Content-Security-Policy"), StringComparison.Ordinal);
        using var documentation = await Api.Http.GetAsync("/scalar/", Stop);
        Assert.Contains("connect-src 'self'", Header(documentation, "Content-Security-Policy"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Policies => [.. Scopes.All, Scopes.Lease, Scopes.TaskToken];

    private IEnumerable<RouteEndpoint> Endpoints() => Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private IEnumerable<(string Method, string Path, string Policy)> Closed() =>
        from endpoint in Endpoints()
        where endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
        select (method, Filled(endpoint.RoutePattern), endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>()[^1].Policy!);

    private static string Filled(Microsoft.AspNetCore.Routing.Patterns.RoutePattern pattern) =>
        pattern.Parameters.Aggregate(pattern.RawText!, (path, parameter) => System.Text.RegularExpressions.Regex.Replace(
            path, $@"\{{{parameter.Name}[^}}]*\}}", parameter.ParameterPolicies.Any(policy => policy.Content == "guid") ? $"{Guid.CreateVersion7()}" : "x"));

    private static async Task<HttpResponseMessage> SendAsync(ApiClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new(method), path);
        return await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    private async Task<ApiClient> ClientAsync(IReadOnlyList<string> scopes)
    {
        var secret = Secret.NewKey();
        await Server.Services.GetRequiredService<KeyStore>().AddAsync(new(Guid.CreateVersion7().ToString("N"), "x", scopes, DateTimeOffset.UnixEpoch), secret);
        return Keep(Server.Client(secret));
    }

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.GetValues(name).Single();
}
