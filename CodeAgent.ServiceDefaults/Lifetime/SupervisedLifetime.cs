using System.Runtime.InteropServices;

namespace CodeAgent.ServiceDefaults.Lifetime;

/// <summary>
/// The lifetime of a service that another process started and will stop. Ctrl+C at a terminal reaches every process there
/// at once; the services leave it to the one that started them, which knows whose turn it is, and go at SIGTERM. On Windows,
/// which has no such signal, they go at Ctrl+C as well.
/// </summary>
internal sealed class SupervisedLifetime(IHostApplicationLifetime lifetime) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OperatingSystem.IsWindows() ? Stop : Ignore));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(signal => signal.Dispose());

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        lifetime.StopApplication();
    }

    private static void Ignore(PosixSignalContext signal) => signal.Cancel = true;
}
