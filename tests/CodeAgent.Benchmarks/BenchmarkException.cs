namespace CodeAgent.Benchmarks;

/// <summary>Something that whoever runs the benchmark has to put right; said in plain words.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
