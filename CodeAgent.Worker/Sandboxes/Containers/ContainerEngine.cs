using CodeAgent.Worker.Configuration;
using Docker.DotNet;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Docker, or Podman in its place, on this machine.</summary>
internal sealed class ContainerEngine : IDisposable
{
    /// <summary>How long a call may take that does not wait for a program.</summary>
    public static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private ContainerEngine(DockerClient client, string user) => (Client, User) = (client, user);

    /// <summary>Its API.</summary>
    public DockerClient Client { get; }

    /// <summary>The user that programs run as, so that their files are the worker's.</summary>
    public string User { get; }

    /// <summary>Finds it. Where there is none, the reason.</summary>
    public static async Task<(ContainerEngine? Engine, string? Reason)> FindAsync(SandboxContainerOptions options, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return (null, "containers are used on Linux only");
        }

        if (Sockets(options).FirstOrDefault(File.Exists) is not { } socket)
        {
            return (null, $"there is no socket of Docker or Podman ({string.Join(", ", Sockets(options))}); podman.socket or docker.socket of the system's services makes one, and sandbox.container.socket names another");
        }

        var client = new DockerClientBuilder().WithEndpoint(new($"unix://{socket}")).WithTimeout(Timeout.InfiniteTimeSpan).Build();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var info = await client.System.GetSystemInfoAsync(limit.Token);

            // Root in a container of an engine without root is whoever runs the engine.
            var isRootless = info.SecurityOptions?.Any(option => option.Contains("rootless", StringComparison.Ordinal)) == true;
            return (new(client, isRootless ? "0:0" : UserIds.Text), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or DockerApiException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            client.Dispose();
            return (null, $"the engine for containers at {socket} does not answer: {e.Message}");
        }
    }

    /// <summary>Does something that is no failure where the container is gone already, and within half a minute: an engine that accepts and says nothing must not hold a task.</summary>
    /// <exception cref="TimeoutException">It did not answer.</exception>
    public async Task TryAsync(Func<DockerClient, Task> action)
    {
        try
        {
            await action(Client).WaitAsync(LongestCall);
        }
        catch (DockerApiException e) when (e.StatusCode is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Conflict)
        {
            // It ended, or is being removed.
        }
    }

    public void Dispose() => Client.Dispose();

    private static IEnumerable<string> Sockets(SandboxContainerOptions options)
    {
        const string Scheme = "unix://";
        if (options.Socket is { Length: > 0 } set)
        {
            return [set.StartsWith(Scheme, StringComparison.Ordinal) ? set[Scheme.Length..] : set];
        }

        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host)
        {
            return host.StartsWith(Scheme, StringComparison.Ordinal) ? [host[Scheme.Length..]] : [];
        }

        return [.. Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own ? [Path.Combine(own, "podman", "podman.sock")] : Array.Empty<string>(), "/var/run/docker.sock", "/run/podman/podman.sock"];
    }
}
