namespace CodeAgent.Worker.Deliveries;

/// <summary>Writes the messages of commits.</summary>
internal static class CommitMessage
{
    private const int LongestSubject = 72;

    /// <summary>The message that was asked for, or one made of the agent's summary; with the task's id at its end.</summary>
    public static string Make(DeliveryOrder order)
    {
        var message = order.Request.CommitMessage is { } given && !string.IsNullOrWhiteSpace(given) ? given.Trim()
            : FromText(string.IsNullOrWhiteSpace(order.Summary) ? order.Prompt : order.Summary);
        return $"{message}\n\nTask: {order.TaskId}\n";
    }

    // The first line is what lists of commits show; what does not fit there comes whole below it.
    private static string FromText(string text)
    {
        var lines = text.Trim().ReplaceLineEndings("\n").Split('\n', 2);
        var subject = lines[0].Trim();
        if (subject.Length <= LongestSubject)
        {
            return lines.Length == 1 ? subject : $"{subject}\n\n{lines[1].Trim()}";
        }

        var end = subject.LastIndexOf(' ', LongestSubject - 1);
        var cut = end > LongestSubject / 2 ? end : LongestSubject - 1;
        cut -= char.IsHighSurrogate(subject[cut - 1]) ? 1 : 0;
        return $"{subject[..cut]}…\n\n{text.Trim()}";
    }
}
