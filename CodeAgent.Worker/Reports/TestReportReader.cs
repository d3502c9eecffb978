using System.Globalization;
using System.Xml;

namespace CodeAgent.Worker.Reports;

/// <summary>Reads test reports element by element, JUnit's and TRX alike. They come from programs of the task: no DTD is read, nothing is fetched, and their size is bounded.</summary>
internal static class TestReportReader
{
    /// <summary>Longest report that is read, in bytes.</summary>
    public const long Longest = 64 * 1024 * 1024;

    private const int LongestText = 1200;

    private static readonly XmlReaderSettings Settings = new()
    {
        Async = true,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
        MaxCharactersInDocument = Longest,
    };

    /// <summary>Counts the tests of a report.</summary>
    /// <exception cref="XmlException">It is no report, or not a whole one; what was read up to there is counted.</exception>
    public static async Task ReadAsync(Stream report, TestTally tally, CancellationToken cancellationToken)
    {
        using var reader = XmlReader.Create(report, Settings);
        var known = false;
        while (await reader.ReadAsync())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            known |= reader.Depth == 0 && reader.LocalName is "testsuites" or "testsuite" or "TestRun";
            if (!known)
            {
                throw new XmlException($"<{reader.LocalName}> is neither JUnit nor TRX");
            }

            if (reader.LocalName == "testcase")
            {
                await ReadTestCaseAsync(reader, tally);
            }
            else if (reader.LocalName == "UnitTestResult")
            {
                await ReadResultAsync(reader, tally);
            }
        }
    }

    // <testcase classname="Shop.CartTests" name="Adds" time="0.013"><failure message="…">at …</failure></testcase>
    private static async Task ReadTestCaseAsync(XmlReader reader, TestTally tally)
    {
        var type = reader.GetAttribute("classname");
        var name = reader.GetAttribute("name") ?? "";
        _ = double.TryParse(reader.GetAttribute("time"), NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var seconds);
        var (outcome, message) = (TestOutcome.Passed, (string?)null);
        await foreach (var element in InsideAsync(reader))
        {
            if (element is "failure" or "error")
            {
                outcome = TestOutcome.Failed;
                message ??= reader.GetAttribute("message") is { Length: > 0 } told ? told : await TextAsync(reader);
            }
            else if (element == "skipped" && outcome == TestOutcome.Passed)
            {
                outcome = TestOutcome.Skipped;
            }
        }

        tally.Add(string.IsNullOrEmpty(type) ? name : $"{type}.{name}", outcome, seconds, message);
    }

    // <UnitTestResult testName="Shop.CartTests.Adds" outcome="Failed" duration="00:00:00.0130000"><Output><ErrorInfo><Message>…
    private static async Task ReadResultAsync(XmlReader reader, TestTally tally)
    {
        var name = reader.GetAttribute("testName") ?? "";
        _ = TimeSpan.TryParse(reader.GetAttribute("duration"), CultureInfo.InvariantCulture, out var took);
        var outcome = reader.GetAttribute("outcome") switch
        {
            "Passed" or "PassedButRunAborted" or "Warning" => TestOutcome.Passed,
            "NotExecuted" or "NotRunnable" or "Inconclusive" or "Pending" or "Disconnected" => TestOutcome.Skipped,
            _ => TestOutcome.Failed,
        };
        string? message = null;
        await foreach (var element in InsideAsync(reader))
        {
            // The results of a test's rows are within the test's own, and are part of it.
            if (element == "Message")
            {
                message ??= await TextAsync(reader);
            }
        }

        tally.Add(name, outcome, took.TotalSeconds, message);
    }

    private static async IAsyncEnumerable<string> InsideAsync(XmlReader reader)
    {
        if (reader.IsEmptyElement)
        {
            yield break;
        }

        var depth = reader.Depth;
        while (await reader.ReadAsync() && reader.Depth > depth)
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                yield return reader.LocalName;
            }
        }
    }

    // The beginning alone: a program may have printed any amount into it.
    private static async Task<string?> TextAsync(XmlReader reader)
    {
        if (reader.IsEmptyElement || !await reader.ReadAsync() || reader.NodeType is not (XmlNodeType.Text or XmlNodeType.CDATA))
        {
            return null;
        }

        var text = new char[LongestText];
        return new(text, 0, await reader.ReadValueChunkAsync(text, 0, text.Length));
    }
}
