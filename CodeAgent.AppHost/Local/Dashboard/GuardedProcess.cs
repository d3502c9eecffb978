using System.Diagnostics;

namespace CodeAgent.AppHost.Local.Dashboard;

/// <summary>
/// A program of others. Ours watch their parent; this one cannot, so a shell does it: when this process is gone, however it
/// went, the shell's input ends, and the shell ends the program. Ctrl+C is not for it to hear: it is told when it is its turn.
/// </summary>
internal sealed class GuardedProcess : IAsyncDisposable
{
    private const string Guard = """
        trap '' INT
        exec 3<&0
        "$@" </dev/null & child=$!
        (cat <&3; kill "$child") >/dev/null 2>&1 &
        wait "$child"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private readonly Process _process;
    private readonly Task _output;

    private GuardedProcess(Process process, LogFile log)
    {
        _process = process;
        _output = log.CopyAsync(process);
    }

    public int Id => _process.Id;

    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program (on Windows; elsewhere it ends with code 127).</exception>
    public static GuardedProcess Start(string program, string[] arguments, LogFile log, Action<ProcessStartInfo> prepare)
    {
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(program, arguments)
            : new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", program, .. arguments]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        prepare(start);
        return new GuardedProcess(Process.Start(start)!, log);
    }

    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _output;
        _process.Dispose();
    }
}
