using System.Globalization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Conversations;

namespace CodeAgent.Worker.Agents.Builtin.Context;

/// <summary>
/// Keeps a conversation below what its model takes. In steps, each of which frees a good part of the room, so that between two
/// of them the requests begin alike and providers find them in their caches: 1. old results are left out; 2. the older turns
/// are summarized, once in a while; 3. the oldest turns are left out. What is decided is decided by the conversation alone.
/// </summary>
/// <param name="conversation">The conversation; its <see cref="Conversation.Context"/> is set.</param>
/// <param name="around">Tokens of the system prompt and the tools.</param>
internal sealed class ContextKeeper(Conversation conversation, int around)
{
    // Parts of the limit: what is aimed at; what is still well; what the newest turns may take beside a summary; and what
    // leaves room for the message in place of turns.
    private const double Aim = 0.6;
    private const double Well = 0.8;
    private const double Newest = 0.3;
    private const double AlmostFull = 0.95;

    // A summary that did not help for long is not made again at once: then turns are left out.
    private const int TurnsBetweenSummaries = 10;

    private readonly List<Entry> _entries = conversation.Entries;
    private readonly ContextState _state = conversation.Context!;
    private string? _refusal;

    private int Limit => (int)(_state.Limit / _state.Ratio);

    // The task and the newest turn: what always stays.
    private int Least => around + TokenCount.Of(_entries[0]) + _entries.Skip(Math.Max(1, TurnStarts().LastOrDefault(_entries.Count - 1))).Sum(TokenCount.Of);

    private int Tokens => around + _entries.Sum(TokenCount.Of);

    /// <summary>Makes room, where it is needed.</summary>
    /// <param name="turn">Turns finished.</param>
    /// <returns>What is to be done: nothing, a summary, or the end of the run.</returns>
    public Room MakeRoom(int turn)
    {
        if (Tokens <= Limit)
        {
            return new();
        }

        if (Least > Limit)
        {
            return new() { Failure = Failure() };
        }

        Elision.Elide(_entries, Tokens - (int)(Limit * Aim), (int)(Limit * Newest));
        if (Tokens <= Limit * Well)
        {
            return new();
        }

        if ((_state.SummarizedAt is not { } last || turn - last >= TurnsBetweenSummaries) && OlderTurns() is { } until)
        {
            return new() { SummarizeUntil = until };
        }

        if (Tokens > Limit)
        {
            LeaveOut();
        }

        return Tokens <= Limit ? new() : new() { Failure = Failure() };
    }

    /// <summary>Puts a summary in the place of the older turns.</summary>
    /// <param name="until">Place of the first message that stays.</param>
    /// <param name="summary">The summary; empty where the model gave none: the turns are left out all the same.</param>
    /// <param name="turn">The turn that it was made in.</param>
    public void Summarized(int until, string summary, int turn)
    {
        _state.SummarizedAt = turn;
        var older = _entries[1..until];
        _entries.RemoveRange(1, until - 1);
        _entries.InsertRange(1, [.. older.Where(LeftOut.Stays).Select(LeftOut.Shortened), LeftOut.InPlaceOf(summary, older)]);
    }

    /// <summary>A summary cannot be had.</summary>
    public void NotSummarized(int turn) => _state.SummarizedAt = turn;

    /// <summary>The model says that it is too long. It is believed once.</summary>
    /// <param name="refusal">Its words.</param>
    /// <returns>Whether to try again.</returns>
    public bool Shrink(string refusal)
    {
        _refusal = refusal;
        if (_state.Shrunk)
        {
            return false;
        }

        _state.Shrunk = true;
        _state.Limit = Math.Min(_state.Limit, (int)(Tokens * _state.Ratio)) / 2;
        return true;
    }

    /// <summary>Learns from what the model says it read of what was sent.</summary>
    /// <param name="sent">Tokens as counted here; see <see cref="Count"/>.</param>
    /// <param name="read">Tokens as the model counted them, where it tells.</param>
    public void Learn(int sent, long? read)
    {
        // Of few tokens the frames around them are too large a part.
        const int Enough = 2_000;
        if (sent >= Enough && read is { } tokens)
        {
            _state.Ratio = Math.Clamp((double)tokens / sent, _state.Ratio, 2);
        }
    }

    /// <summary>Tokens of the next request, as counted here.</summary>
    public int Count() => Tokens;

    // The turns before the newest ones, as far as they fit into a request of their own; none where there are none.
    private int? OlderTurns()
    {
        var starts = TurnStarts();
        var place = starts.Count - 1;
        while (place > 1 && _entries.Skip(starts[place - 1]).Sum(TokenCount.Of) <= Limit * Newest)
        {
            place--;
        }

        while (place > 0 && around + _entries.Take(starts[place]).Sum(TokenCount.Of) + TokenCount.Of(LeftOut.Request) > Limit)
        {
            place--;
        }

        return place > 0 ? starts[place] : null;
    }

    private void LeaveOut()
    {
        List<Entry> gone = [];
        while (Tokens > Limit * Aim && TurnStarts() is [var oldest, var next, ..])
        {
            var turn = _entries[oldest..next];
            gone.AddRange(turn);
            _entries.RemoveRange(oldest, turn.Count);
            _entries.InsertRange(oldest, turn.Where(LeftOut.Stays).Select(LeftOut.Shortened));
        }

        // Then what people said, and what stood for other turns. The task and the newest turn stay.
        while (Tokens > Limit * AlmostFull && 1 < (TurnStarts() is [var newest, ..] ? newest : _entries.Count - 1))
        {
            gone.Add(_entries[1]);
            _entries.RemoveAt(1);
        }

        if (gone.Count == 0)
        {
            return;
        }

        var place = _entries.FindIndex(entry => entry.LeftOut is not null);
        if (place >= 0)
        {
            var earlier = _entries[place];
            _entries[place] = LeftOut.InPlaceOf(earlier.LeftOut!.Summary, [earlier, .. gone]);
        }
        else
        {
            _entries.Insert(TurnStarts() is [var first, ..] ? first : _entries.Count - 1, LeftOut.InPlaceOf(null, gone));
        }
    }

    private List<int> TurnStarts() => [.. Enumerable.Range(0, _entries.Count).Where(i => _entries[i].Role == EntryRole.Assistant)];

    private TaskFailure Failure() => _refusal is not null ? new(FailureCodes.ModelFailed, _refusal) : new(FailureCodes.AgentFailed, string.Create(CultureInfo.InvariantCulture,
        $"The task, the tools and the newest turn alone are about {Least * _state.Ratio:N0} tokens; the model takes {_state.Limit:N0} beside its answer. Give the task in smaller parts, or to a model with a larger context window."));
}

/// <summary>How room is made.</summary>
internal sealed record Room
{
    /// <summary>The messages before this place, the first one excepted, are to be summarized; none where nothing is.</summary>
    public int? SummarizeUntil { get; init; }

    /// <summary>Why the run cannot go on; none where it can.</summary>
    public TaskFailure? Failure { get; init; }
}
