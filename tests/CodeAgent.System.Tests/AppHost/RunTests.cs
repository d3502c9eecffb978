using System.Net;
using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;
using StackExchange.Redis;

namespace CodeAgent.SystemTests.AppHost;

/// <summary>From the start of the AppHost to its end, however that comes.</summary>
public sealed class RunTests
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
#if ASPIRE
    private static readonly TimeSpan HelpersLimit = TimeSpan.FromSeconds(30);
#else
    private static readonly TimeSpan HelpersLimit = TimeSpan.FromSeconds(1);
#endif
    private const string CallbackSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static readonly string[] Services = ["CodeAgent.Api", "CodeAgent.LlmGateway", "CodeAgent.Worker"];

    [Fact]
    public async Task It_says_where_everything_is_and_keeps_secrets_where_they_belong()
    {
        await using var system = await RunningSystem.StartAsync(new Dictionary<string, string> { ["ANY_PROVIDER_API_KEY"] = "secret-of-a-provider", ["CODEAGENT_CALLBACK_SECRET"] = CallbackSecret });
        var run = await RunFacts.ReadAsync(system);

        Assert.Equal(["api", "llm-gateway", "worker", "worker"], run.Pids.Keys.Select(Resource).Order());
        foreach (var url in (string[])[$"{run.ApiUrl}/health", $"{run.GatewayUrl}/health"])
        {
            using var answer = await system.Api.Http.GetAsync(url, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await Eventually.TrueAsync(() => Task.FromResult(system.Output.Contains("Ctrl+C", StringComparison.Ordinal)), StopLimit, "it is announced");
        var key = (await File.ReadAllTextAsync(run.KeyFile, TestContext.Current.CancellationToken)).Trim();
        Assert.Contains($"{run.ApiUrl}/#key={key}", system.Output, StringComparison.Ordinal);
        Assert.Contains($"curl {run.ApiUrl}/v1/tasks", system.Output, StringComparison.Ordinal);

        foreach (var file in (string[])[run.KeyFile, Path.Combine(system.Data, "dev", "worker-key"), Path.Combine(system.Data, "run.json")])
        {
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }

        var redis = run.Redis.Split("password=")[1];
        foreach (var worker in await system.ProcessesAsync("CodeAgent.Worker"))
        {
            var environment = await File.ReadAllTextAsync($"/proc/{worker}/environ", TestContext.Current.CancellationToken);
            Assert.DoesNotContain(redis, environment, StringComparison.Ordinal);
            Assert.DoesNotContain(key, environment, StringComparison.Ordinal);
            Assert.DoesNotContain("secret-of-a-provider", environment, StringComparison.Ordinal);
            Assert.DoesNotContain(CallbackSecret, environment, StringComparison.Ordinal);
        }

        var gateway = await File.ReadAllTextAsync($"/proc/{(await system.ProcessesAsync("CodeAgent.LlmGateway"))[0]}/environ", TestContext.Current.CancellationToken);
        Assert.Contains("ANY_PROVIDER_API_KEY=secret-of-a-provider", gateway, StringComparison.Ordinal);
        Assert.DoesNotContain(CallbackSecret, gateway, StringComparison.Ordinal);
        var api = await File.ReadAllTextAsync($"/proc/{(await system.ProcessesAsync("CodeAgent.Api"))[0]}/environ", TestContext.Current.CancellationToken);
        Assert.Contains($"CODEAGENT_CALLBACK_SECRET={CallbackSecret}", api, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_reaches_every_process_at_a_terminal_and_all_of_them_end()
    {
        Assert.SkipWhen(await Processes.IgnoreInterruptsAsync(), "The tests run in the background of a shell without job control, where nothing can be interrupted.");
        await using var system = await RunningSystem.StartAsync();
        foreach (var program in Services)
        {
            foreach (var process in await system.ProcessesAsync(program))
            {
                Processes.Signal(process, Processes.Interrupt);
            }
        }

        var clock = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await system.InterruptAsync());

        Assert.InRange(TimeProvider.System.GetElapsedTime(clock), TimeSpan.Zero, StopLimit);
        await AssertNoneLeftAsync(system, StopLimit - TimeProvider.System.GetElapsedTime(clock));
        Assert.DoesNotContain("ended by itself", system.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(system.Data, "run.json")));
    }

    [Fact]
    public async Task After_a_kill_nothing_is_left_and_what_was_answered_is_still_there()
    {
        await using var system = await RunningSystem.StartAsync();
        var answered = 0;
        await using (var redis = await ConnectionMultiplexer.ConnectAsync((await RunFacts.ReadAsync(system)).Redis))
        {
            // Killed in the middle of writing: what was answered counts, and what was not may be there or not.
            var writers = Enumerable.Range(0, 8).Select(_ => WriteAsync(redis.GetDatabase(), () => Interlocked.Increment(ref answered))).ToArray();
            await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref answered) > 500), TimeSpan.FromSeconds(30), "there are answers");
            await system.KillAppHostAsync();
            await Task.WhenAll(writers);
        }

        await AssertNoneLeftAsync(system, StopLimit);
        await system.StartAgainAsync();

        await using var again = await ConnectionMultiplexer.ConnectAsync((await RunFacts.ReadAsync(system)).Redis);
        Assert.InRange((long)await again.GetDatabase().StringGetAsync("test:counter"), answered, answered + 8);
    }

    [Fact]
    public async Task A_service_that_ends_by_itself_is_started_again()
    {
        await using var system = await RunningSystem.StartAsync();
        var before = await RunFacts.ReadAsync(system);

        await system.KillAsync("CodeAgent.LlmGateway");

        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using var answer = await system.Gateway.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
                return answer.IsSuccessStatusCode && (await RunFacts.ReadAsync(system)).Pids.Values.Except(before.Pids.Values).Any();
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(30), "the gateway is there again, as another process");
    }

    [Fact]
    public async Task A_second_one_on_the_same_folder_is_refused()
    {
        await using var system = await RunningSystem.StartAsync();

        var second = await AppHostRun.ToEndAsync(system.Data, "--Ports:Api", "0", "--Ports:Gateway", "0");

        Assert.Equal(1, second.Code);
        Assert.Contains("in use by another CodeAgent", second.Errors, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(system.Data, "run.json")), "the first one's file is left alone");
    }

    private static string Resource(string replica) => replica.StartsWith("worker", StringComparison.Ordinal) ? "worker"
        : replica.StartsWith("api", StringComparison.Ordinal) ? "api"
        : replica.StartsWith("llm-gateway", StringComparison.Ordinal) ? "llm-gateway" : replica;

    private static async Task WriteAsync(IDatabase redis, Action answered)
    {
        try
        {
            while (true)
            {
                await redis.ScriptEvaluateAsync("return redis.call('INCR', KEYS[1])", ["test:counter"]);
                answered();
            }
        }
        catch (RedisException)
        {
            // The server is gone.
        }
    }

    // Ours keep the limit. Aspire's helpers watch over them and go last; how long they take is not in our hands.
    private static async Task AssertNoneLeftAsync(RunningSystem system, TimeSpan limit)
    {
        await Eventually.TrueAsync(async () =>
        {
            var services = await Task.WhenAll(Services.Select(system.ProcessesAsync));
            return services.All(processes => processes.Count == 0);
        }, limit, "no service is left");
        await Eventually.TrueAsync(async () => (await system.AllProcessesAsync()).Count == 0, HelpersLimit, "no process is left");
    }
}
