using System.Net;
using System.Text;
using CodeAgent.Worker.Sandboxes.Gateway;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class GatewayRelayTests : IAsyncLifetime
{
    private const string LeaseToken = "cat_the-lease's-own";
    private const string LeaseTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private RelayBench _bench = null!;
    private GatewayPass _pass = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await RelayBench.StartAsync();
        _pass = _bench.Relay.Open(LeaseToken, LeaseTrace);
    }

    [Theory]
    [InlineData("Authorization", "Bearer {0}", "")]
    [InlineData("x-api-key", "{0}", "")]
    [InlineData("api-key", "{0}", "")]
    [InlineData("x-goog-api-key", "{0}", "")]
    [InlineData("x-other", "-", "&key={0}")]
    public async Task Wherever_a_protocol_has_its_key_the_gateway_gets_the_leases_token_there_is(string header, string value, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1beta/models/some/model:streamGenerateContent?alt=sse" + Filled(query)) { Content = new StringContent("hello") };
        request.Headers.TryAddWithoutValidation(header, Filled(value));
        using var response = await _bench.Client.SendAsync(request, Token);

        Assert.Equal("ok", await response.Content.ReadAsStringAsync(Token));
        var (target, headers, body) = Assert.Single(_bench.Asked);
        Assert.Equal("POST /v1beta/models/some/model:streamGenerateContent?alt=sse", target);
        Assert.Equal($"Bearer {LeaseToken}", headers["Authorization"]);
        Assert.Equal("hello", body);
        Assert.DoesNotContain(headers.Values, sent => sent.Contains(_pass.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("cat_the-lease's-own")]
    [InlineData("cak_0000")]
    [InlineData("")]
    public async Task Any_other_key_opens_nothing_not_even_the_leases_token(string key)
    {
        using var response = await SendAsync("/v1/models", key);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Empty(_bench.Asked);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/admin/usage")]
    [InlineData("/v1/../admin/usage")]
    [InlineData("/v1/%2e%2e/admin/usage")]
    [InlineData("/v1/..%2fadmin/usage")]
    [InlineData("/v10/models")]
    [InlineData("/")]
    public async Task Nothing_but_the_paths_for_models_is_open(string path)
    {
        // The client must not tidy up the path.
        var uri = new Uri($"{_bench.Relay.Address.GetLeftPart(UriPartial.Authority)}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Headers = { { "x-api-key", _pass.Key } } };
        using var response = await _bench.Client.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Empty(_bench.Asked);
    }

    [Fact]
    public async Task When_the_lease_is_over_the_key_is_worth_nothing_and_calls_under_way_end()
    {
        var asked = new TaskCompletionSource();
        var gone = new TaskCompletionSource();
        _bench.Answer = async http =>
        {
            asked.SetResult();
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted));
            gone.SetResult();
        };
        var under = SendAsync("/v1/models", _pass.Key);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
        _pass.Dispose();

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
        using (var cut = await under)
        {
            Assert.False(cut.IsSuccessStatusCode);
        }

        using var after = await SendAsync("/v1/models", _pass.Key);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task An_answer_comes_piece_by_piece_as_it_is_made()
    {
        var next = new SemaphoreSlim(0);
        _bench.Answer = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 3; i++)
            {
                await http.Response.WriteAsync($"data: {i}\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await next.WaitAsync(http.RequestAborted);
            }
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Headers = { { "x-api-key", _pass.Key } } };
        using var response = await _bench.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        for (var i = 0; i < 3; i++)
        {
            // The next piece is made only when this one has been read.
            Assert.Equal($"data: {i}", await reader.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token));
            next.Release();
        }
    }

    [Theory]
    [InlineData(null, LeaseTrace)]
    [InlineData("00-11111111111111111111111111111111-2222222222222222-01", "00-11111111111111111111111111111111-2222222222222222-01")]
    public async Task A_call_belongs_to_the_trace_that_it_names_or_to_the_tasks(string? sent, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "x-api-key", _pass.Key } } };
        if (sent is not null)
        {
            request.Headers.Add("traceparent", sent);
        }

        using var bare = new HttpMessageInvoker(new SocketsHttpHandler { ActivityHeadersPropagator = null });
        request.RequestUri = new(_bench.Relay.Address, "/v1/models");
        using var response = await bare.SendAsync(request, Token);
        Assert.Equal(expected, Assert.Single(_bench.Asked).Headers["traceparent"]);
    }

    [Fact]
    public async Task What_the_gateway_refuses_is_told_as_it_said_it()
    {
        _bench.Answer = async http =>
        {
            http.Response.StatusCode = 429;
            http.Response.Headers.RetryAfter = "7";
            await http.Response.WriteAsync("slowly");
        };
        using var response = await SendAsync("/v1/models", _pass.Key);
        Assert.Equal((429, "7", "slowly"), ((int)response.StatusCode, response.Headers.RetryAfter?.ToString(), await response.Content.ReadAsStringAsync(Token)));
    }

    [Fact]
    public async Task A_body_of_forty_megabytes_goes_through()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = new ByteArrayContent(Encoding.ASCII.GetBytes(new string('x', 40_000_000))), Headers = { { "x-api-key", _pass.Key } } };
        using var response = await _bench.Client.SendAsync(request, Token);
        Assert.Equal((HttpStatusCode.OK, 40_000_000), (response.StatusCode, Assert.Single(_bench.Asked).Body.Length));
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private string Filled(string text) => text.Replace("{0}", _pass.Key, StringComparison.Ordinal);

    private Task<HttpResponseMessage> SendAsync(string path, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        return _bench.Client.SendAsync(request, Token);
    }
}
