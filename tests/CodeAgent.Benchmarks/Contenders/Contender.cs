using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Contenders;

/// <summary>Something that answers chat completions, by itself or by asking the mock.</summary>
internal abstract class Contender : IAsyncDisposable
{
    private readonly List<Child> _children = [];

    /// <summary>One word, for the command line.</summary>
    public abstract string Key { get; }

    /// <summary>At the head of its column.</summary>
    public abstract string Title { get; }

    /// <summary>Version and settings, for the report; known once it has started.</summary>
    public abstract string Description { get; }

    public int Port { get; } = Ports.Free();

    /// <summary>Its processes, without the ones that it only uses.</summary>
    public ProcessTree Tree => _children[^1].Tree;

    /// <summary>Starts it, and returns once it listens.</summary>
    /// <exception cref="SkippedException">This machine lacks something that it needs.</exception>
    public abstract Task StartAsync(MockContender mock, CancellationToken stop);

    public virtual string Url(Behaviour behaviour) => $"http://127.0.0.1:{Port}/{behaviour.Text()}/v1/chat/completions";

    /// <summary>What goes with every request; the key of a caller always does, whether anyone looks at it or not.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> Headers(Behaviour behaviour) => [new("Authorization", "Bearer ca_benchmark")];

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);

        // What was started first is needed longest.
        foreach (var child in Enumerable.Reverse(_children))
        {
            await child.DisposeAsync();
        }
    }

    protected Task StartAsync(string[] command, CancellationToken stop, IReadOnlyDictionary<string, string>? environment = null) =>
        StartAsync(Key, Port, command, stop, environment);

    /// <summary>Starts a process that this contender needs, or, as the last one, the contender itself.</summary>
    protected async Task StartAsync(string name, int port, string[] command, CancellationToken stop, IReadOnlyDictionary<string, string>? environment = null)
    {
        var child = Child.Start(name, command, environment);
        _children.Add(child);
        await child.ListensAsync(port, stop);
    }

    protected ProcessTree Needed(int index) => _children[index].Tree;
}

/// <summary>A contender cannot take part on this machine.</summary>
internal sealed class SkippedException(string reason) : Exception(reason);
