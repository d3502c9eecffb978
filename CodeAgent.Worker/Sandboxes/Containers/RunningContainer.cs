using System.IO.Pipelines;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using Docker.DotNet;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>A command that runs as a container of its own: nothing of it is left when the container is gone.</summary>
internal sealed class RunningContainer : IRunningCommand
{
    private const int PieceSize = 32 * 1024;
    private const int Killed = 137;
    private static readonly TimeSpan Politeness = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    // The engine ends the stream itself, so this is only waited for where it does not; on a busy machine it may be seconds behind.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);
    private readonly ContainerEngine _engine;
    private readonly string _id;
    private readonly MultiplexedStream _stream;
    private readonly LimitSet _limits;
    private readonly TimeProvider _time;
    private readonly Pipe _output = new();
    private readonly Pipe _errors = new();
    private readonly Task _reading;
    private readonly SemaphoreSlim _ending = new(1);
    private readonly CancellationTokenSource _gone = new();
    private bool _over;
    private int _code;

    /// <summary>Takes over a container that was started.</summary>
    public RunningContainer(ContainerEngine engine, string id, MultiplexedStream stream, LimitSet limits, TimeProvider time)
    {
        (_engine, _id, _stream, _limits, _time) = (engine, id, stream, limits, time);
        Input = new ContainerInput(stream);
        Output = _output.Reader.AsStream();
        Errors = _errors.Reader.AsStream();
        _reading = ReadAsync();
        Exited = ExitedAsync();
    }

    public Stream Input { get; }

    public Stream Output { get; }

    public Stream Errors { get; }

    public Task<int> Exited { get; }

    public string? Limit { get; private set; }

    public async Task EndAsync(bool politely)
    {
        await _ending.WaitAsync();
        try
        {
            if (_over)
            {
                return;
            }

            if (politely && !Exited.IsCompleted)
            {
                await Task.WhenAny(_engine.TryAsync(client => client.Containers.KillContainerAsync(_id, new() { Signal = "SIGTERM" })));
                await Task.WhenAny(Exited, Task.Delay(Politeness, _time));
            }

            try
            {
                await _engine.TryAsync(async client => Limit = LimitOf((await client.Containers.InspectContainerAsync(_id, CancellationToken.None)).State?.OOMKilled == true));
                await _engine.TryAsync(client => client.Containers.RemoveContainerAsync(_id, new() { Force = true, RemoveVolumes = true }));
            }
            catch (Exception e) when (e is TimeoutException or HttpRequestException or IOException or DockerApiException)
            {
                // The engine does not do it now. It is known as one that is not used any more, so that the janitor removes it.
                Limit ??= $"the engine for containers did not end it: {e.Message}";
            }

            _over = true;
            ContainerJanitor.Running.TryRemove(_id, out _);

            // What was printed is still on its way; the engine ends the stream itself.
            await Task.WhenAny(_reading, Task.Delay(LastWords, _time));
            await _gone.CancelAsync();
            await _reading;
        }
        finally
        {
            _ending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync(politely: !Exited.IsCompleted);
        await Exited;
        _stream.Dispose();
        _ending.Dispose();
        _gone.Dispose();
    }

    // Engines tell of it only where it met the first process of a container, and some not even then.
    private string? LimitOf(bool isKnown) => isKnown ? _limits.MemoryText
        : _limits.Memory is not null && Volatile.Read(ref _code) == Killed ? $"most likely {_limits.MemoryText}" : null;

    private async Task<int> ExitedAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        try
        {
            var first = await Task.WhenAny(WaitAsync(either.Token), LookAsync(either.Token));
            Volatile.Write(ref _code, await first);
            return _code;
        }
        catch (Exception e) when (e is OperationCanceledException or DockerApiException or HttpRequestException or IOException)
        {
            // It was removed, by us or by somebody else; or the engine is gone, and with it whatever could be known.
            return Killed;
        }
        finally
        {
            await either.CancelAsync();
        }
    }

    private async Task<int> WaitAsync(CancellationToken cancellationToken) => (int)(await _engine.Client.Containers.WaitContainerAsync(_id, cancellationToken)).StatusCode;

    // Podman 4 now and then answers a wait never, though the container has long ended.
    private async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(LookEvery, _time, cancellationToken);
            try
            {
                if ((await _engine.Client.Containers.InspectContainerAsync(_id, cancellationToken)).State is { Running: false, Status: "exited" } state)
                {
                    return (int)state.ExitCode;
                }
            }
            catch (Exception e) when (e is DockerApiException or HttpRequestException or IOException)
            {
                // That the container or the engine is gone is for the wait to say; one look that fails says nothing.
            }
        }
    }

    private async Task ReadAsync()
    {
        var piece = new byte[PieceSize];
        try
        {
            while (await _stream.ReadOutputAsync(piece, 0, piece.Length, _gone.Token) is { EOF: false } read)
            {
                var to = read.Target == MultiplexedStream.TargetStream.StandardError ? _errors : _output;
                await to.Writer.WriteAsync(piece.AsMemory(0, read.Count), _gone.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException or ObjectDisposedException)
        {
            // The container is gone.
        }
        finally
        {
            await _output.Writer.CompleteAsync();
            await _errors.Writer.CompleteAsync();
        }
    }
}
