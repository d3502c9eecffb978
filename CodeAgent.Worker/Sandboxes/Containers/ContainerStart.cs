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
            catch (NotAttachedException) when (attempt < Tries)
            {
                // Podman 4 looks for the other end of the connection before it is there, on a busy machine. Nothing has run yet.
            }
            catch (NotAttachedException e)
            {
                throw new CommandNotStartedException(e.Message);
            }
        }
    }

    private static async Task<IRunningCommand> TryAsync(ContainerEngine engine, CreateContainerParameters create, LimitSet limits, TimeProvider time, CancellationToken cancellationToken)
    {
        var isStarting = false;
        string? id = null;
        MultiplexedStream? stream = null;
        try
        {
            // Not canceled in the middle: a container whose name is not known would be left to the janitor.
            id = (await engine.Client.Containers.CreateContainerAsync(create, CancellationToken.None).WaitAsync(ContainerEngine.LongestCall, CancellationToken.None)).ID;
            ContainerJanitor.Running[id] = true;
            cancellationToken.ThrowIfCancellationRequested();
            stream = await engine.Client.Containers.AttachContainerAsync(id, new() { Stream = true, Stdin = true, Stdout = true, Stderr = true }, cancellationToken);
            isStarting = true;
            await engine.Client.Containers.StartContainerAsync(id, new(), cancellationToken).WaitAsync(ContainerEngine.LongestCall, cancellationToken);
            return new RunningContainer(engine, id, stream, limits, time);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (id is not null)
            {
                ContainerJanitor.Running.TryRemove(id, out _);
                await engine.TryAsync(client => client.Containers.RemoveContainerAsync(id, new() { Force = true, RemoveVolumes = true }));
            }

            if (e is DockerApiException or HttpRequestException or IOException or TimeoutException)
            {
                var reason = $"The container could not be started: {e.Message}";
                throw id is null || isStarting ? new CommandNotStartedException(reason) : new NotAttachedException(reason);
            }

            throw;
        }
    }

    private sealed class NotAttachedException(string message) : Exception(message);
}
