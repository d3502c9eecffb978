using System.Diagnostics;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>
/// A program that the benchmark starts and ends. A shell stands between: when the benchmark is gone, however it went, the
/// shell's input ends, and the shell ends the program.
/// </summary>
internal sealed class Child : IAsyncDisposable
{
    private const string Guard = """
        trap '' INT
        exec 3<&0 2>/dev/null
        log=$1; shift
        "$@" </dev/null >>"$log" 2>&1 & child=$!
        (cat <&3; kill "$child") >/dev/null 2>&1 &
        wait "$child"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private readonly Process _shell;
    private readonly string _log;

    private Child(Process shell, string log) => (_shell, _log) = (shell, log);

    public ProcessTree Tree => new(_shell.Id);

    /// <summary>Id of the shell that stands between.</summary>
    public int Root => _shell.Id;

    /// <summary>Starts a program; what it prints goes to <c>NAME.log</c> in the benchmark's folder.</summary>
    public static Child Start(string name, string[] command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var log = Path.Combine(Places.Work, $"{name}.log");
        File.Delete(log);
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", log, .. command])
        {
            RedirectStandardInput = true,
            // Not where the logs are: a .NET service watches its folder for changes, and every line would be one.
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        return new(Process.Start(start)!, log);
    }

    /// <summary>Waits until something listens.</summary>
    /// <exception cref="BenchmarkException">The program ended, or is not there within half a minute.</exception>
    public async Task ListensAsync(int port, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        while (!await Ports.ListensAsync(port, stop))
        {
            if (_shell.HasExited || clock.Elapsed > TimeSpan.FromSeconds(30))
            {
                var said = (await File.ReadAllTextAsync(_log, stop)).Trim();
                throw new BenchmarkException($"{Path.GetFileNameWithoutExtension(_log)} does not start: {said[^Math.Min(said.Length, 1500)..]}");
            }

            await Task.Delay(50, stop);
        }
    }

    /// <summary>Kills the program itself, and nothing else.</summary>
    /// <param name="mark">What stands in its command line, but not in those of the programs that it started.</param>
    /// <param name="stop">Stops looking.</param>
    public async Task KillAsync(string mark, CancellationToken stop)
    {
        foreach (var child in (await File.ReadAllTextAsync($"/proc/{_shell.Id}/task/{_shell.Id}/children", stop)).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if ((await File.ReadAllTextAsync($"/proc/{child}/cmdline", stop)).Contains(mark, StringComparison.Ordinal))
            {
                using var program = Process.GetProcessById(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture));
                program.Kill();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _shell.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _shell.Kill(entireProcessTree: true);
        }

        _shell.Dispose();
    }
}
