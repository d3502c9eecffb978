namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>A tool refuses; the message is for the model and says what would be right.</summary>
internal sealed class ToolException(string message, Exception? inner = null) : Exception(message, inner);
