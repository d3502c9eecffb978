namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>A configuration file that is refused; the message is one line for each thing that is wrong: <c>file(line): reason</c>.</summary>
/// <param name="file">The file.</param>
/// <param name="problems">What is wrong, by line; lines count from 1.</param>
/// <param name="inner">What caused it, where that is an error of its own.</param>
public sealed class ConfigFileException(string file, IReadOnlyList<ConfigProblem> problems, Exception? inner = null)
    : Exception(string.Join(Environment.NewLine, problems.Select(problem => $"{file}({problem.Line}): {problem}")), inner)
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; } = problems;
}

/// <summary>One thing that is wrong in a configuration file.</summary>
/// <param name="Line">Where, counted from 1.</param>
/// <param name="Reason">What is wrong, and what would be right.</param>
/// <param name="Path">The entry, for instance <c>providers.openai.baseUrl</c>; empty where the file cannot be read that far.</param>
public sealed record ConfigProblem(long Line, string Reason, string Path = "")
{
    /// <summary>The entry and what is wrong with it.</summary>
    public override string ToString() => Path.Length == 0 ? Reason : $"{Path}: {Reason}";
}
