using CodeAgent.Contracts;

namespace CodeAgent.Worker;

/// <summary>The task cannot go on, for a reason that its submitter should read.</summary>
/// <param name="code">One of <see cref="FailureCodes"/>.</param>
/// <param name="message">For people.</param>
internal sealed class TaskFailedException(string code, string message) : Exception(message)
{
    /// <summary>The reason.</summary>
    public TaskFailure Failure { get; } = new(code, message);
}
