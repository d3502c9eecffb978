using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Makes a container and starts it.</summary>
internal static class ContainerStart
{
    private const int Tries = 3;

    /// <summary>Does it.</summary>
    /// <exception cref="CommandNotStartedException">The engine would not; nothing is left of it.</exception>
    public static async Task<IRunningCommand> RunAsync(ContainerEngine engine, CreateContainerParameters create, LimitSet limits, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(engine, create, limits, time, cancellationToken);
            }
            catch (NothingRanException) when (attempt < Tries)
            {
                // On a busy machine Podman 4 looks for the other end of a connection before it is there, and its runtime may fail to start what it has made.
            }
            catch (NothingRanException e)
            {
                throw new CommandNotStartedException(e.Message);
            }
        }
    }

    private static async Task<IRunningCommand> TryAsync(ContainerEngine engine, CreateContainerParameters create, LimitSet limits, TimeProvider time, CancellationToken cancellationToken)
    {
        string? id = null;
        MultiplexedStream? stream = null;
        try
        {
            // Not canceled in the middle: a container whose name is not known would be left to the janitor.
            id = (await engine.Client.Containers.CreateContainerAsync(create, CancellationToken.None).WaitAsync(ContainerEngine.LongestCall, CancellationToken.None)).ID;
            ContainerJanitor.Running[id] = true;
            cancellationToken.ThrowIfCancellationRequested();
            stream = await engine.Client.Containers.AttachContainerAsync(id, new() { Stream = true, Stdin = true, Stdout = true, Stderr = true }, cancellationToken);
            await engine.Client.Containers.StartContainerAsync(id, new(), cancellationToken).WaitAsync(ContainerEngine.LongestCall, cancellationToken);
            return new RunningContainer(engine, id, stream, limits, time);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            var nothingRan = id is null && e is HttpRequestException;
            if (id is not null)
            {
                ContainerJanitor.Running.TryRemove(id, out _);
                nothingRan = e is DockerApiException or HttpRequestException or IOException && await HasNeverRunAsync(engine, id);
                await engine.TryAsync(client => client.Containers.RemoveContainerAsync(id, new() { Force = true, RemoveVolumes = true }));
            }

            if (e is DockerApiException or HttpRequestException or IOException or TimeoutException)
            {
                var reason = $"The container could not be started: {e.Message}";
                throw nothingRan ? new NothingRanException(reason) : new CommandNotStartedException(reason);
            }

            throw;
        }
    }

    // Only then may it be tried once more: a command may have effects outside its container.
    private static async Task<bool> HasNeverRunAsync(ContainerEngine engine, string id)
    {
        var hasNeverRun = false;
        await engine.TryAsync(async client =>
        {
            var state = (await client.Containers.InspectContainerAsync(id)).State;
            hasNeverRun = state is { Running: false } && (state.StartedAt is not { Length: > 0 } startedAt || startedAt.StartsWith("0001-01-01", StringComparison.Ordinal));
        });
        return hasNeverRun;
    }

    private sealed class NothingRanException(string message) : Exception(message);
}
