using CodeAgent.Contracts;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>What a sandbox is for.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Folder">Its folder, the workspace in it.</param>
/// <param name="ReadOnly">What else its programs have to read: objects that the workspace borrows.</param>
/// <param name="NoteAsync">Puts a note on the task.</param>
internal sealed record SandboxOrder(Lease Lease, TaskFolder Folder, IReadOnlyList<string> ReadOnly, Func<string, CancellationToken, Task> NoteAsync);
