using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>A server that can be killed, stopped and started again, on the same port and with the same files.</summary>
/// <param name="name">Of its log.</param>
/// <param name="port">Where it listens.</param>
/// <param name="command">How it is started.</param>
/// <param name="environment">Its environment.</param>
internal sealed class ServerProcess(string name, int port, string[] command, IReadOnlyDictionary<string, string>? environment = null) : IAsyncDisposable
{
    private Child? _child;
    private int _id;

    public async Task StartAsync(CancellationToken stop)
    {
        _child = Child.Start(name, command, environment);
        await _child.ListensAsync(port, stop);
        _id = await FindAsync(_child.Root, stop);
    }

    /// <summary>SIGKILL. It may be stopped meanwhile.</summary>
    public async Task KillAsync(CancellationToken stop)
    {
        await SignalAsync("KILL", stop);
        await DisposeAsync();
    }

    /// <summary>Sends a signal, such as STOP.</summary>
    public async Task SignalAsync(string signal, CancellationToken stop) => await Tool.RunAsync("/bin/sh", ["-c", $"kill -{signal} {_id}"], stop);

    public async ValueTask DisposeAsync()
    {
        if (_child is { } child)
        {
            _child = null;
            await child.DisposeAsync();
        }
    }

    // The shell that guards it has a second shell beside it, with the same command line as its own.
    private static async Task<int> FindAsync(int shell, CancellationToken stop)
    {
        foreach (var child in (await File.ReadAllTextAsync($"/proc/{shell}/task/{shell}/children", stop)).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!(await File.ReadAllTextAsync($"/proc/{child}/cmdline", stop)).StartsWith("/bin/sh", StringComparison.Ordinal))
            {
                return int.Parse(child, System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        throw new BenchmarkException("A server ended as soon as it was started.");
    }
}
