using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>Which commits a branch gets.</summary>
[JsonConverter(typeof(CommitHistoryConverter))]
public enum CommitHistory
{
    /// <summary>One commit with all of the work.</summary>
    Squash,

    /// <summary>The commits that the agent made, committed by the worker; what it did not commit, in a last one.</summary>
    Keep,
}

/// <summary>What happens where the base branch has moved while the task ran.</summary>
[JsonConverter(typeof(MovedBaseConverter))]
public enum MovedBase
{
    /// <summary>Nothing: the branch begins where the work began.</summary>
    Ignore,

    /// <summary>The work is put on top of the branch's newest commit. The checks ran before that and are not run again; a conflict fails the task.</summary>
    Rebase,

    /// <summary>The task fails; its patch is kept.</summary>
    Fail,
}

/// <summary>Writes <see cref="CommitHistory"/> in lower case.</summary>
public sealed class CommitHistoryConverter() : JsonStringEnumConverter<CommitHistory>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>Writes <see cref="MovedBase"/> in lower case.</summary>
public sealed class MovedBaseConverter() : JsonStringEnumConverter<MovedBase>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>The pull request that a task opens.</summary>
public sealed record PullRequestRequest
{
    /// <summary>Its title, 1 to 250 characters. The commit's first line where it is left out.</summary>
    public string? Title { get; set; }

    /// <summary>Its text, at most 60,000 characters. The agent's summary where it is left out.</summary>
    public string? Body { get; set; }

    /// <summary>The branch that it is to be merged into. The branch that the work began from where it is left out, or else the repository's default branch.</summary>
    public string? Base { get; set; }

    /// <summary>Whether it is a draft.</summary>
    public bool Draft { get; set; }
}

/// <summary>The pull request of a delivery.</summary>
/// <param name="Number">Its number at the host.</param>
/// <param name="Url">Its page.</param>
public sealed record PullRequestView(long Number, string Url);
