using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Npm;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Clients;

/// <summary>Coding CLIs, unmodified, each completing a task with a tool through the gateway; the simulator is the model.</summary>
public sealed class CodingCliTests(GarnetFixture redis, NpmClients npm)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names { get; } = [.. CodingCli.All.Select(cli => cli.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_coding_cli_completes_a_task_with_a_tool(string name)
    {
        Assert.SkipWhen(npm.Unavailable is not null, npm.Unavailable ?? "");
        var cli = CodingCli.All.Single(cli => cli.Name == name);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        var folder = Directory.CreateTempSubdirectory($"{name}-").FullName;
        try
        {
            var place = new CliPlace(Path.Combine(folder, "home"), Path.Combine(folder, "work"),
                gateway.ClientOptions.BaseAddress.ToString().TrimEnd('/'), GatewayHost.Key, "simulator", Prompt(cli));
            var start = cli.Start(place);
            await PrepareAsync(place, start);

            var ended = await RunAsync(cli, place, start);

            var told = $"{ended.StandardOutput}\n{ended.StandardError}\n{string.Join('\n', gateway.Logs.GetSnapshot().Select(log => log.Message))}";
            Assert.True(ended.ExitCode == 0, told);
            Assert.True(File.Exists(Path.Combine(place.Work, "made.txt")), told);
            Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(place.Work, "made.txt"), TestContext.Current.CancellationToken));
            Assert.Contains("The file is made.", ended.StandardOutput, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Prompt(CodingCli cli) => $$"""
        Make the file made.txt.
        ```simulator
        {"call": "{{cli.Tool}}", "with": {{JsonSerializer.Serialize(cli.With("printf 'hello\\n' > made.txt"))}}}
        {"say": "The file is made."}
        ```
        """;

    private static async Task PrepareAsync(CliPlace place, CliStart start)
    {
        Directory.CreateDirectory(place.Work);
        Directory.CreateDirectory(Path.Combine(place.Home, ".codex"));
        await Cli.Wrap("git").WithArguments(["init", "-q", place.Work]).ExecuteAsync(TestContext.Current.CancellationToken);
        foreach (var (path, text) in start.Files)
        {
            var file = Path.Combine(place.Home, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<BufferedCommandResult> RunAsync(CodingCli cli, CliPlace place, CliStart start)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return await Cli.Wrap(NpmClients.Program(cli.Name)).WithArguments(start.Arguments).WithWorkingDirectory(place.Work)
            .WithStandardInputPipe(PipeSource.FromString(start.Input))
            .WithEnvironmentVariables(environment =>
            {
                environment.Set("HOME", place.Home).Set("PWD", place.Work);
                foreach (var (variable, value) in start.Environment)
                {
                    environment.Set(variable, value);
                }
            })
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(limit.Token);
    }
}
