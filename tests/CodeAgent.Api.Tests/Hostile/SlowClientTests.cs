using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Hostile;

/// <summary>Clients that send slowly, by the hundred, and clients that want to say where a request ends otherwise than the server.</summary>
public abstract class SlowClientTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const int Clients = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    [Theory]
    [InlineData("heads that never end", "GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ")]
    [InlineData("bodies that never end", $"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ApiServer.ApiKey}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{\"prompt\":\"")]
    [InlineData("chunks that never end", $"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ApiServer.ApiKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n{{\"prompt\":\"")]
    public async Task Slow_clients_are_shown_the_door_while_others_are_served(string what, string begin)
    {
        var clock = Stopwatch.StartNew();
        var slow = Enumerable.Range(0, Clients).Select(_ => TrickleAsync(Encoding.ASCII.GetBytes(begin))).ToList();

        var served = 0;
        while (!slow.All(client => client.IsCompleted))
        {
            Assert.True(clock.Elapsed < Patience, $"{what}: {slow.Count(client => !client.IsCompleted)} of {Clients} are there after {clock.Elapsed}");
            using var answer = await Api.Http.GetAsync("/v1/tasks", Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            served++;
        }

        Assert.True(served > 10, $"only {served} others were served in {clock.Elapsed}");
        Assert.All(await Task.WhenAll(slow), said => Assert.True(said is "" || said.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), said));
        Assert.Empty((await Api.ListAsync()).Items);
    }

    [Fact]
    public async Task A_request_that_is_hidden_in_another_is_not_carried_out()
    {
        // By its Content-Length the body is all of the rest; by its chunks it ends at once, and another request follows.
        const string Hidden = $"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ApiServer.ApiKey}\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{{\"prompt\":\"x\"}}";
        var body = $"0\r\n\r\n{Hidden}";
        var request = $"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ApiServer.ApiKey}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nTransfer-Encoding: chunked\r\n\r\n{body}";
        using var client = await ConnectAsync();
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Stop);

        var said = await ReadAsync(client);

        Assert.StartsWith("HTTP/1.1 400", said, StringComparison.Ordinal);
        Assert.Equal(1, said.Split("HTTP/1.1 ").Length - 1);
        Assert.Empty((await Api.ListAsync()).Items);
    }

    // Sends a byte now and then until the server has had enough; what it said.
    private async Task<string> TrickleAsync(byte[] begin)
    {
        using var client = await ConnectAsync();
        var reading = ReadAsync(client);
        try
        {
            await client.GetStream().WriteAsync(begin, Stop);
            while (await Task.WhenAny(reading, Task.Delay(Pace, Stop)) != reading)
            {
                await client.GetStream().WriteAsync("x"u8.ToArray(), Stop);
            }
        }
        catch (IOException)
        {
            // The server has closed it.
        }

        return await reading;
    }

    private static async Task<string> ReadAsync(TcpClient client)
    {
        try
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
            return await reader.ReadToEndAsync(Stop);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, Server.Address.Port, Stop);
        return client;
    }
}

public sealed class SlowClientsOnGarnet(ApiOn<GarnetFixture> fixture) : SlowClientTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class SlowClientsOnRedis(ApiOn<RedisServerFixture> fixture) : SlowClientTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
