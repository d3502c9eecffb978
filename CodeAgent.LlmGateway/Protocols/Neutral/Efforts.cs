namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>How much a model is to think, in words. No vendor's models take all of them.</summary>
internal static class Efforts
{
    public const string None = "none";

    private static readonly string[] Order = [None, "minimal", "low", "medium", "high", "xhigh", "max"];

    /// <summary>
    /// The taken effort that comes nearest; the higher one of two that are as near. A word that nobody knows stays as it is, so that
    /// the provider can refuse it by its name.
    /// </summary>
    /// <param name="effort">The wish; not "none", which is no effort.</param>
    /// <param name="taken">What the model takes, the least first.</param>
    public static string Nearest(string effort, string[] taken)
    {
        var wish = Array.IndexOf(Order, effort);
        var efforts = taken.Where(one => one != None).ToList();
        return wish < 0 || efforts.Count == 0 ? effort
            : efforts.OrderBy(one => Math.Abs(Array.IndexOf(Order, one) - wish)).ThenByDescending(one => Array.IndexOf(Order, one)).First();
    }
}
