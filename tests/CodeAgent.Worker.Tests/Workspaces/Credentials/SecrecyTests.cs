using System.Collections.Concurrent;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Workspaces.Credentials;

/// <summary>Where a token must not be: looked for while a whole task runs with it.</summary>
public sealed class SecrecyTests
{
    private const string Token = "ghp_nobodyShallReadThis";

    [Fact]
    public async Task The_token_is_in_no_command_line_no_file_of_the_task_no_environment_of_the_agent_and_no_log()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Command lines are looked up in /proc.");
        var lines = new CapturedLog();
        await using var bench = await WorkerBench.StartAsync(log: lines);
        await using var server = await GitServer.StartAsync(bench[""], Token);
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, Token = new ConfigSecret(Token) });
        var seen = new ConcurrentQueue<string>();
        server.Before = async _ =>
        {
            foreach (var line in await CommandLinesAsync())
            {
                seen.Enqueue(line);
            }
        };

        var task = bench.Api.Offer(WorkerBench.Script("env; cat .git/config; git config --list; grep -rq 'nobodyShal[l]Read' .. && echo FOUND; echo 2 > a.txt", origin, request =>
        {
            request.Repository = new() { Url = server.UrlOf(origin) };
            request.Delivery.Push = true;
        }));
        var end = await task.EndAsync();

        Assert.Equal((Outcome.Succeeded, true), (end.Outcome, end.Delivery!.Pushed));
        Assert.Contains(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal) && request.Contains("git-receive-pack", StringComparison.Ordinal));
        Assert.Contains(seen, line => line.Contains("credential.http", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, Tells);
        Assert.Contains("PATH=", task.Output, StringComparison.Ordinal);
        Assert.False(Tells(task.Output), task.Output);
        Assert.DoesNotContain("CODEAGENT_GIT", task.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FOUND", task.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(task.Artifacts.Values, content => Tells(Encoding.UTF8.GetString(content)));
        Assert.DoesNotContain(task.Events, e => Tells(e.Data.GetRawText()));
        Assert.Contains(lines.Lines, line => line.Contains("Fetched", StringComparison.Ordinal));
        Assert.DoesNotContain(lines.Lines, Tells);
        await bench.NothingIsLeftAsync();
        foreach (var file in Directory.EnumerateFiles(bench.Folders.Root, "*", SearchOption.AllDirectories))
        {
            Assert.False(Tells(Encoding.UTF8.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))), file);
        }
    }

    private static bool Tells(string text) => text.Contains(Token, StringComparison.Ordinal)
        || text.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes($"x-access-token:{Token}")), StringComparison.Ordinal);

    private static async Task<IReadOnlyList<string>> CommandLinesAsync()
    {
        var lines = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                lines.Add(await File.ReadAllTextAsync(Path.Combine(process, "cmdline"), TestContext.Current.CancellationToken));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
                continue;
            }
        }

        return lines;
    }
}
