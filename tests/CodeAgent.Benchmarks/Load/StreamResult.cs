using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Load;

/// <summary>What the client of streams found; times in milliseconds.</summary>
internal sealed class StreamResult
{
    private readonly List<double> _first = [];
    private readonly List<double> _frames = [];

    public int Errors { get; set; }

    public IReadOnlyList<double> First => _first;

    public IReadOnlyList<double> Frames => _frames;

    /// <summary>A first frame came this long after its request was sent.</summary>
    public void AddFirst(double milliseconds) => _first.Add(milliseconds);

    /// <summary>A frame came this long after the mock sent it.</summary>
    public void AddFrame(double milliseconds) => _frames.Add(milliseconds);

    public static StreamResult Sum(IEnumerable<StreamResult> parts)
    {
        var sum = new StreamResult();
        foreach (var part in parts)
        {
            sum.Errors += part.Errors;
            sum._first.AddRange(part._first);
            sum._frames.AddRange(part._frames);
        }

        sum._first.Sort();
        sum._frames.Sort();
        return sum;
    }

    public double FirstAt(double percent) => Statistics.Percentile(_first, percent);

    public double FrameAt(double percent) => Statistics.Percentile(_frames, percent);
}
