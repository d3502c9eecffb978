using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>
/// A script of answers, in a fenced block marked <c>simulator</c> of the user's first message (or the first one that has such a
/// block: coding agents put messages of their own before the user's). One JSON value a line:
/// <code>
/// {"say": "text"}                                     an answer
/// {"call": "tool", "with": {"name": "value"}}         an answer that calls a tool
/// [{"say": "text"}, {"call": "a"}, {"call": "b"}]     an answer with several of these
/// [{"think": "text"}, {"say": "text"}]                an answer that was thought about: reasoning comes first
/// {"fail": 429, "retry_after": 1}                     a refusal: always, since nothing is remembered
/// {"wait_ms": 500}                                    the next answer takes as long (or "wait_ms" beside say, call or fail)
/// {"usage": {"prompt_tokens": 9, "completion_tokens": 3}}   what the next answer reports as used (or "usage" beside say or call)
/// </code>
/// Lines with say, think, call or fail are the answers; where k turns of the assistant come after the script, the answer is
/// number k, counted from 0. Several calls, with what is said and thought along with them, are one turn in every protocol.
/// </summary>
internal static class Script
{
    private const string Mark = "simulator";
    private const int LongestWait = 3_600_000;

    /// <summary>Whether there is a script in a message.</summary>
    public static bool IsIn(string message) => message.Contains(Mark, StringComparison.Ordinal) && message.Split('\n').Any(line => Fence(line) is not null);

    /// <summary>The script in a message; null where there is none.</summary>
    /// <exception cref="ProblemException">400: a line of it is wrong.</exception>
    public static IReadOnlyList<Step>? Find(string message)
    {
        List<Step>? steps = null;
        var next = new Step();
        var (fence, number) = ("", 0);
        foreach (var line in message.Split('\n').Select(line => line.Trim()))
        {
            number++;
            if (steps is null)
            {
                if (Fence(line) is { } mark)
                {
                    (steps, fence) = ([], mark);
                }
            }
            else if (line.StartsWith(fence, StringComparison.Ordinal) && line.Trim('`').Length == 0)
            {
                return steps;
            }
            else if (line.Length > 0)
            {
                next = Read(line, number, next);
                if (next.Say is not null || next.Think is not null || next.Calls.Count > 0 || next.Fail is not null)
                {
                    steps.Add(next);
                    next = new();
                }
            }
        }

        return steps is null ? null : throw Wrong(number, "the block is not closed");
    }

    // ```simulator, with as many ticks as one likes
    private static string? Fence(string line)
    {
        line = line.Trim();
        var ticks = line.TakeWhile(c => c == '`').Count();
        return ticks >= 3 && line[ticks..].Trim() == Mark ? line[..ticks] : null;
    }

    private static Step Read(string line, int number, Step step)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind switch
            {
                JsonValueKind.Object => Add(step, json.RootElement, number, inList: false),
                JsonValueKind.Array => json.RootElement.EnumerateArray().Aggregate(step, (all, part) => Add(all, part, number, inList: true)),
                _ => throw Wrong(number, "a JSON object or a list of them is expected"),
            };
        }
        catch (JsonException e)
        {
            throw Wrong(number, $"no JSON at byte {e.BytePositionInLine + 1}");
        }
    }

    private static Step Add(Step step, JsonElement part, int number, bool inList)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(number, "a JSON object is expected");
        }

        var kinds = part.EnumerateObject().Count(property => property.Name is "say" or "think" or "call" or "fail");
        if (kinds > 1 || (inList && kinds == 0))
        {
            throw Wrong(number, "one of 'say', 'think', 'call' and 'fail' is expected");
        }

        foreach (var property in part.EnumerateObject())
        {
            var (name, value) = (property.Name, property.Value);
            step = name switch
            {
                "say" when value.ValueKind == JsonValueKind.String => step with { Say = step.Say + value.GetString() },
                "think" when value.ValueKind == JsonValueKind.String => step with { Think = step.Think + value.GetString() },
                "call" when value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } tool =>
                    step with { Calls = [.. step.Calls, new(tool, part.TryGetProperty("with", out var with) ? with.GetRawText() : "{}")] },
                "with" when part.TryGetProperty("call", out _) && value.ValueKind == JsonValueKind.Object => step,
                "fail" when !inList && value.TryGetInt32(out var status) && status is >= 400 and <= 599 => step with { Fail = status },
                "retry_after" when part.TryGetProperty("fail", out _) && value.TryGetDouble(out var seconds) && seconds >= 0 => step with { RetryAfter = seconds },
                "wait_ms" when !inList && value.TryGetInt32(out var wait) && wait is >= 0 and <= LongestWait => step with { Wait = TimeSpan.FromMilliseconds(wait) },
                "usage" when !inList && IsUsage(value) => step with { Usage = value.Clone() },
                "say" or "think" or "call" or "with" or "fail" or "retry_after" or "wait_ms" or "usage" => throw Wrong(number, $"'{name}' has no right value here"),
                _ => throw Wrong(number, $"there is no '{name}', only say, think, call with with, fail with retry_after, wait_ms and usage"),
            };
        }

        return step;
    }

    private static bool IsUsage(JsonElement value) => value.ValueKind == JsonValueKind.Object
        && IsCount(value, "prompt_tokens") && IsCount(value, "completion_tokens");

    private static bool IsCount(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out var tokens) && tokens >= 0;

    private static ProblemException Wrong(int line, string reason) => new("simulator-script", StatusCodes.Status400BadRequest,
        $"The simulator's script is wrong: line {line} of the first message: {reason}.")
    { Field = "messages" };
}
