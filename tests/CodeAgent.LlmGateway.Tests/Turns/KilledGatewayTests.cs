using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Turns;

public sealed class KilledGatewayTests(GarnetFixture redis)
{
    [Fact]
    public async Task A_turn_is_free_again_soon_after_its_gateway_was_killed()
    {
        var key = Guid.NewGuid().ToString();
        var reached = new TaskCompletionSource();
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        await using var second = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        using var first = Start(url, second.ConfigPath, redis.ConnectionString);
        using var doomed = new HttpClient { BaseAddress = url };
        using var client = second.Client();
        doomed.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayHost.Key);
        try
        {
            await Eventually.TrueAsync(() => AnswersAsync(doomed), TimeSpan.FromSeconds(20), "the gateway is up");
            var asking = doomed.AskAsync(ChatCalls.Plain, key);
            await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Conflict, (await client.AskAsync(ChatCalls.Plain, key)).Response.StatusCode);

            first.Kill();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => asking);
            upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);

            await Eventually.TrueAsync(async () => (await client.AskAsync(ChatCalls.Plain, key)).Response.StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(12), "the turn is free");
        }
        finally
        {
            first.Kill();
            await first.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static Process Start(Uri url, string configPath, string redis)
    {
        var start = new ProcessStartInfo("dotnet",
            [typeof(Program).Assembly.Location, "--urls", url.ToString(), "--Config:Directory", Path.GetDirectoryName(configPath)!])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ConnectionStrings__redis"] = redis, ["CODEAGENT_API_KEY"] = GatewayHost.Key, ["MOCK_KEY"] = "k" },
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync("/alive", TestContext.Current.CancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
