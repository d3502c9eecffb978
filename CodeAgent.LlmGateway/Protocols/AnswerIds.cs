namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Answers' ids: each protocol has a prefix of its own, and some clients look at it.</summary>
internal static class AnswerIds
{
    private static readonly string[] Known = ["chatcmpl-", "resp_", "msg_", "gen-"];

    /// <summary>The same id with another prefix.</summary>
    public static string With(string prefix, string id) => prefix + Bare(id);

    /// <summary>The id without the prefix of any protocol.</summary>
    public static string Bare(string id)
    {
        var known = Known.FirstOrDefault(prefix => id.StartsWith(prefix, StringComparison.Ordinal));
        return known is null ? id : id[known.Length..];
    }
}
