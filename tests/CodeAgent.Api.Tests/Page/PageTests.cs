using System.Net;
using System.Text.RegularExpressions;
using CodeAgent.Api.Page;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Builder;

namespace CodeAgent.Api.Tests.Page;

public sealed partial class PageTests(GarnetFixture redis) : IClassFixture<GarnetFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_comes_without_a_key_and_with_a_strict_policy()
    {
        await using var host = await StartAsync();
        using var nobody = host.Client(key: null);

        using var answer = await nobody.GetAsync("/", Stop);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_the_page_needs_is_there_and_its_own()
    {
        await using var host = await StartAsync();
        using var nobody = host.Client(key: null);
        var (seen, open) = (new HashSet<string>(), new Stack<string>(["/"]));

        while (open.TryPop(out var path))
        {
            var text = await nobody.GetStringAsync(path, Stop);
            Assert.DoesNotMatch("(src|href)=\"(https?:)?//", text);
            foreach (Match reference in References().Matches(text))
            {
                var next = reference.Groups["path"].Value.Replace("./", "/page/", StringComparison.Ordinal);
                if (seen.Add(next))
                {
                    open.Push(next);
                }
            }
        }

        Assert.Superset(new HashSet<string>(["/page/app.js", "/page/stream.js", "/page/style.css", "/page/icon.svg"]), seen);
        Assert.Equal(PageFile.All().Select(file => file.Path).Where(path => path != "/").Order(), seen.Order());
    }

    [Fact]
    public async Task A_browser_that_has_a_file_is_told_that_it_did_not_change()
    {
        await using var host = await StartAsync();
        using var nobody = host.Client(key: null);
        using var first = await nobody.GetAsync("/page/app.js", Stop);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/app.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await nobody.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:18888/", """{"dashboard":"http://127.0.0.1:18888/"}""")]
    [InlineData("http://127.0.0.1:18888/login?t=secret", """{"dashboard":"http://127.0.0.1:18888/login"}""")]
    [InlineData("javascript:alert(1)", "{}")]
    [InlineData("", "{}")]
    public async Task The_dashboard_is_named_where_it_is_an_address_of_the_web(string configured, string expected)
    {
        await using var host = await StartAsync((PageEndpoints.DashboardKey, configured));
        using var nobody = host.Client(key: null);

        Assert.Equal(expected, await nobody.GetStringAsync("/page/settings", Stop));
    }

    private Task<PartHost> StartAsync(params (string Key, string Value)[] settings) =>
        PartHost.StartAsync(redis.ConnectionString, _ => { }, Map, settings);

    private static void Map(WebApplication app)
    {
        app.MapPage();
        app.MapGet("/", PageEndpoints.SendIndex).AllowAnonymous();
    }

    [GeneratedRegex("""(?:from |src=|href=)"(?<path>(?:/page|\.)/[^"]+)";?""")]
    private static partial Regex References();
}
