namespace CodeAgent.Api.Operations;

/// <summary>How the system is stopped: the configuration section <c>Operations</c>.</summary>
internal sealed class OperationsOptions
{
    public const string Section = "Operations";

    /// <summary>After a stop, an agent may finish its turn within so long; then it is stopped in the middle, and goes on from its last checkpoint some day. 0 to 1 hour, 30 seconds by default.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(30);
}
