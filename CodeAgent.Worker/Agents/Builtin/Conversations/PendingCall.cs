using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>A call that waits for a person; those after it in its message wait with it.</summary>
/// <param name="Entry">Place of the message; the entry after it has the results so far.</param>
/// <param name="Question">What is asked.</param>
internal sealed record PendingCall(int Entry, Question Question);

/// <summary>What a person says to a call that waits.</summary>
/// <param name="Text">In words; none where they only decide.</param>
/// <param name="Decision">Whether it may be carried out, where that was asked.</param>
internal sealed record Reply(string Text, ApprovalDecision? Decision);
