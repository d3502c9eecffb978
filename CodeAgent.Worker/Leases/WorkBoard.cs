using CodeAgent.Contracts;
using CodeAgent.Worker.Api;

namespace CodeAgent.Worker.Leases;

/// <summary>What the worker says on the task about its work. Told anew whenever it changes, one at a time, so that an older word never follows a newer one.</summary>
/// <param name="api">Where it is told.</param>
/// <param name="before">What earlier attempts of the run said.</param>
internal sealed class WorkBoard(LeaseApi api, WorkView? before) : IDisposable
{
    private const int MostNotes = 20;
    private const int LongestNote = 1000;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>What it says now.</summary>
    public WorkView Current { get; private set; } = before ?? new();

    /// <summary>Says what the programs are kept in.</summary>
    public Task SandboxAsync(string kind, CancellationToken cancellationToken) => ChangeAsync(work => work with { Sandbox = kind }, cancellationToken);

    /// <summary>Adds a note, if it is not there already. What is too long is cut; more than 20 are not told.</summary>
    public Task NoteAsync(string note, CancellationToken cancellationToken)
    {
        var text = note.Length <= LongestNote ? note : note[..(LongestNote - 1)] + "…";
        return ChangeAsync(work => work.Notes.Contains(text) || work.Notes.Count >= MostNotes ? work : work with { Notes = [.. work.Notes, text] }, cancellationToken);
    }

    /// <summary>Says where the steps are.</summary>
    public Task StepsAsync(IReadOnlyList<StepView> steps, CancellationToken cancellationToken) => ChangeAsync(work => work with { Steps = steps }, cancellationToken);

    public void Dispose() => _turn.Dispose();

    private async Task ChangeAsync(Func<WorkView, WorkView> change, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var changed = change(Current);
            if (changed != Current)
            {
                await api.ReportWorkAsync(changed, cancellationToken);
                Current = changed;
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
