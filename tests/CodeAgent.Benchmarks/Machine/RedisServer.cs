namespace CodeAgent.Benchmarks.Machine;

/// <summary>A redis-server of the benchmark's own: append-only file, synced every second.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly Child _child;

    private RedisServer(Child child, int port) => (_child, Port) = (child, port);

    public int Port { get; }

    public ProcessTree Tree => _child.Tree;

    /// <summary>Starts it, empty, and returns once it listens.</summary>
    /// <param name="name">Of its folder and its log.</param>
    /// <param name="stop">Stops waiting.</param>
    /// <exception cref="BenchmarkException">There is no redis-server, or it does not start.</exception>
    public static async Task<RedisServer> StartAsync(string name, CancellationToken stop)
    {
        var data = new DirectoryInfo(Path.Combine(Places.Work, name));
        if (data.Exists)
        {
            // What a run before has left there would be loaded first.
            data.Delete(recursive: true);
        }

        data.Create();
        var port = Ports.Free();
        var program = Places.OnPath("redis-server") ?? throw new BenchmarkException("A redis-server is needed: apt-get install redis-server");
        var child = Child.Start(name,
            [program, "--bind", "127.0.0.1", "--port", $"{port}", "--dir", data.FullName, "--save", "", "--appendonly", "yes", "--maxclients", "4000"]);
        try
        {
            await child.ListensAsync(port, stop);
            return new(child, port);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
