using CodeAgent.Contracts;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>What a sandbox is for.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Folder">Its folder, the workspace in it.</param>
/// <param name="ReadOnly">What else its programs have to read: objects that the workspace borrows.</param>
/// <param name="Programs">The coding CLIs among its agents, by names on the PATH or paths: their files have to be there, and they ask the gateway themselves.</param>
/// <param name="NoteAsync">Puts a note on the task.</param>
internal sealed record SandboxOrder(Lease Lease, TaskFolder Folder, IReadOnlyList<string> ReadOnly, IReadOnlyList<string> Programs, Func<string, CancellationToken, Task> NoteAsync)
{
    /// <summary>The folder with packages that tasks of this worker share and write into, where there is one.</summary>
    public string? DependencyCaches { get; init; }
}
