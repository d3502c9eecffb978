using System.Text;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Processes;

public sealed class RunningCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_is_spoken_with_and_its_two_streams_stay_apart()
    {
        await using var running = await StartAsync("bash", "-c", "while read -r line; do echo \"heard $line\"; echo \"noted $line\" >&2; done; exit 5");
        using var output = new StreamReader(running.Output);
        using var errors = new StreamReader(running.Errors);
        await SayAsync(running, "one\n");
        Assert.Equal("heard one", await output.ReadLineAsync(Token));
        await SayAsync(running, "two\n");
        Assert.Equal("heard two", await output.ReadLineAsync(Token));
        Assert.Equal("noted one", await errors.ReadLineAsync(Token));

        await running.Input.DisposeAsync();
        Assert.Equal(5, await running.Exited.WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    [Fact]
    public async Task Disposing_of_it_ends_the_whole_tree()
    {
        var running = await StartAsync("bash", "-c", "trap '' TERM; (setsid nohup bash -c 'trap \"\" TERM; echo $$; while true; do sleep 1; done' &); sleep 60");
        using var output = new StreamReader(running.Output);
        var id = int.Parse((await output.ReadLineAsync(Token))!, System.Globalization.CultureInfo.InvariantCulture);
        await running.DisposeAsync();
        Assert.True(running.Exited.IsCompleted);
        await Eventually.TrueAsync(async () => await ProcessTable.FindAsync(id, Token) is null, TimeSpan.FromSeconds(1), "the child is gone");
    }

    [Fact]
    public async Task What_a_program_writes_without_waiting_before_it_exits_is_not_lost()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The size of a pipe is set on Linux only.");
        const int Length = 1_000_000;
        await using var running = await StartAsync("bash", "-c", $"read -r; dd if=/dev/zero bs={Length} count=1 oflag=nonblock");
        await SayAsync(running, "now\n");
        Assert.Equal(0, await running.Exited.WaitAsync(TimeSpan.FromSeconds(10), Token));

        using var all = new MemoryStream();
        await running.Output.CopyToAsync(all, Token);
        Assert.Equal(Length, all.Length);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_said()
    {
        var refused = await Assert.ThrowsAsync<CommandNotStartedException>(() => new CommandRunner(new WorkFolders(_folder.Path), () => new WorkerOptions(), TimeProvider.System, NullLogger<CommandRunner>.Instance)
            .StartAsync(Line("true") with { Directory = _folder["nowhere"] }, Token));
        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        Directory.Delete(new WorkFolders(_folder.Path).FolderOf("/elsewhere").Temp, recursive: true);
        _folder.Dispose();
    }

    private static async Task SayAsync(IRunningCommand running, string text)
    {
        await running.Input.WriteAsync(Encoding.UTF8.GetBytes(text), Token);
        await running.Input.FlushAsync(Token);
    }

    private CommandLine Line(params string[] program) =>
        new() { Program = program, Directory = _folder.Path, TaskId = Guid.NewGuid(), TimeLimit = TimeSpan.FromSeconds(30) };

    private Task<IRunningCommand> StartAsync(params string[] program) =>
        new CommandRunner(new WorkFolders(_folder.Path), () => new WorkerOptions(), TimeProvider.System, NullLogger<CommandRunner>.Instance).StartAsync(Line(program), Token);
}
