using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class RequestBodyTests(GarnetFixture redis)
{
    private const int Limit = 1024 * 1024 * 1024;

    [Theory]
    [InlineData(0, 64 * 1024)]
    [InlineData(1, 2 * 1024 * 1024)]
    public async Task Announcing_a_long_body_takes_no_memory_before_it_comes(int sent, int most)
    {
        var body = new Noting(sent);
        var http = new DefaultHttpContext { Request = { ContentLength = Limit, Body = body } };

        using var read = await RequestBody.ReadAsync(http.Request, Limit);

        Assert.Equal(sent, read.Length);
        Assert.InRange(body.Longest, 1, most);
    }

    [Fact]
    public async Task A_compressed_body_is_refused_by_name()
    {
        var http = new DefaultHttpContext { Request = { Body = new MemoryStream(), Headers = { ContentEncoding = "gzip" } } };

        var e = await Assert.ThrowsAsync<ProblemException>(() => RequestBody.ReadAsync(http.Request, Limit));

        Assert.Equal((415, "Content-Encoding"), (e.Status, e.Field));
    }

    [Fact]
    public async Task A_long_body_is_read_as_it_is()
    {
        var bytes = new byte[5_000_000];
        Random.Shared.NextBytes(bytes);
        var http = new DefaultHttpContext { Request = { ContentLength = bytes.Length, Body = new MemoryStream(bytes) } };

        using var read = await RequestBody.ReadAsync(http.Request, Limit);

        Assert.True(read.Memory.Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task An_error_that_says_it_is_encoded_is_passed_on_as_the_text_that_it_is()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.Headers.ContentEncoding = "gzip";
            return Upstreams.Fails(400, body: """{"error":{"message":"no"}}""")(http);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    /// <summary>Notes how much room there is for what it gives.</summary>
    private sealed class Noting(int length) : MemoryStream(new byte[length])
    {
        public int Longest { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Longest = Math.Max(Longest, buffer.Length);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
