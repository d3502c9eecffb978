using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.LlmGateway.Tests.Chat;

public sealed class CancellationTests(GarnetFixture redis)
{
    public static MatrixTheoryData<bool, bool, HttpProtocols> Cases { get; } = new([false, true], [false, true], [HttpProtocols.Http1, HttpProtocols.Http2]);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_caller_that_leaves_ends_the_request_at_the_provider(bool isStream, bool hasBegun, HttpProtocols protocols)
    {
        var reached = new TaskCompletionSource();
        await using var upstream = await MockUpstream.StartAsync(protocols);
        upstream.Chat = async http =>
        {
            http.Response.ContentType = isStream ? "text/event-stream" : "application/json";
            if (hasBegun)
            {
                await http.Response.WriteAsync(isStream ? ChatCalls.Chunk("a") : "{", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            reached.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, protocols == HttpProtocols.Http2 ? ", http2: priorKnowledge" : "");
        using var client = gateway.Client();
        var key = Guid.NewGuid().ToString();
        using var leave = new CancellationTokenSource();

        var asking = client.BeginAsync(isStream ? ChatCalls.Streamed : ChatCalls.Plain, key, leave.Token);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        if (hasBegun && isStream)
        {
            (await asking).Dispose();
        }

        // What is no stream is passed on as a whole: until then the caller has nothing.
        await leave.CancelAsync();

        await Eventually.TrueAsync(() => Task.FromResult(upstream.Aborted == 1), TimeSpan.FromSeconds(1), "the provider sees that nobody listens");
        await Eventually.TrueAsync(
            () => Task.FromResult(gateway.Logs.GetSnapshot().Any(line => line.Message.Contains("499 client_left", StringComparison.Ordinal))),
            TimeSpan.FromSeconds(5), "the log says that the caller left");

        // The turn is free again, at once.
        upstream.Chat = http => http.Response.WriteAsync(isStream ? ChatCalls.Chunk("b") + ChatCalls.Done : ChatCalls.Answer);
        var (again, _) = await client.AskAsync(isStream ? ChatCalls.Streamed : ChatCalls.Plain, key);
        Assert.Equal(StatusCodes.Status200OK, (int)again.StatusCode);
    }
}
