using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>The model cannot be asked, for a reason that does not pass.</summary>
internal class ModelException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>One of <see cref="FailureCodes"/>.</summary>
    public string Code { get; } = code;
}
