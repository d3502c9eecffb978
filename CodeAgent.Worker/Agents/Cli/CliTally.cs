using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>Counts turns and tokens by what a CLI tells.</summary>
/// <param name="turns">Turns before this start.</param>
/// <param name="session">Tokens of the session that earlier starts told of.</param>
internal sealed class CliTally(int turns, Usage session)
{
    private bool _inTurn;
    private bool _told;
    private Usage _start = new();

    /// <summary>Turns begun, earlier ones included: what the agent says, thinks and calls up to the next answer of a tool is one, unless the CLI itself tells where turns begin.</summary>
    public int Turns { get; private set; } = turns;

    /// <summary>Tokens of the session that were told of so far, earlier starts included.</summary>
    public Usage Session => session + _start;

    /// <summary>Takes what happened.</summary>
    /// <returns>Whether a turn begins with it.</returns>
    public bool Take(CliEvent told)
    {
        _told |= told is CliEvent.Turn;
        var begins = told is CliEvent.Turn || (!_told && !_inTurn && told is (CliEvent.Message or CliEvent.Reasoning or CliEvent.Called));
        if (begins)
        {
            Turns++;
            _inTurn = true;
        }
        else if (told is CliEvent.Answered)
        {
            _inTurn = false;
        }

        return begins;
    }

    /// <summary>What a count of tokens adds to those before. Never less than nothing.</summary>
    public Usage Add(CliEvent.Used used)
    {
        var news = used.Count switch
        {
            UsageOf.Turn => used.Usage,
            UsageOf.Start => Beyond(used.Usage, _start),
            _ => Beyond(used.Usage, Session),
        };
        _start += news;
        return news;
    }

    private static Usage Beyond(Usage total, Usage told) => new()
    {
        InputTokens = Math.Max(0, total.InputTokens - told.InputTokens),
        CachedInputTokens = Math.Max(0, total.CachedInputTokens - told.CachedInputTokens),
        OutputTokens = Math.Max(0, total.OutputTokens - told.OutputTokens),
    };
}
