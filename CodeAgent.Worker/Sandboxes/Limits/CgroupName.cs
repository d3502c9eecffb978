using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>Names of groups, with the worker's mark in them, so that another worker knows those of a dead one.</summary>
internal static partial class CgroupName
{
    private const string Prefix = "codeagent-";

    /// <summary>A name: <c>codeagent-4711-12345-4026531836-0190…-1</c>.</summary>
    public static string Of(WorkerMark worker, Guid task, long fence) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{worker.Id}-{worker.Started}-{Number(worker.Space)}-{task:N}-{fence}");

    /// <summary>Whether it is the name of a group whose worker, of the same process namespace as this one, is no more.</summary>
    public static async Task<bool> IsLeftAsync(string name, WorkerMark here, CancellationToken cancellationToken) =>
        Name().Match(name) is { Success: true } match && match.Groups["space"].Value == Number(here.Space)
        && await WorkerMark.LivesAsync(new(Read(match.Groups["id"]), long.Parse(match.Groups["started"].ValueSpan, CultureInfo.InvariantCulture), here.Space), here, cancellationToken) == false;

    // pid:[4026531836]
    private static string Number(string space) => string.Concat(space.Where(char.IsAsciiDigit));

    private static int Read(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^codeagent-(?<id>\d{1,9})-(?<started>\d{1,18})-(?<space>\d*)-[0-9a-f]{32}-\d+\z")]
    private static partial Regex Name();
}
