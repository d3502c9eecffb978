using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Load;

/// <summary>What is asked: the same bytes for every contender.</summary>
/// <param name="Behaviour">How the mock is to answer; the model's name in the body.</param>
/// <param name="IsLarge">A prompt of about 100,000 tokens (400 KB) instead of a short question.</param>
internal sealed record Request(Behaviour Behaviour, bool IsLarge)
{
    private const int LargeBytes = 400_000;
    private static readonly JsonWriterOptions AsClientsWrite = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private byte[]? _body;

    public bool IsStream => Behaviour is Behaviour.Burst or Behaviour.Paced;

    public byte[] Body => _body ??= Write();

    /// <summary>The body as a file, for the load tools.</summary>
    public string File => Path.Combine(Places.Work, $"{Behaviour.Text()}-{(IsLarge ? "large" : "small")}.json");

    public Task SaveAsync(CancellationToken stop) => System.IO.File.WriteAllBytesAsync(File, Body, stop);

    private byte[] Write()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, AsClientsWrite))
        {
            json.WriteStartObject();
            json.WriteString("model", Behaviour.Text());
            if (IsStream)
            {
                json.WriteBoolean("stream", true);
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }

            json.WriteNumber("max_tokens", 256);
            json.WriteStartArray("messages");
            Message(json, "system", "You are a coding agent. Answer with the change that is needed, and nothing else.");
            for (var turn = 1; IsLarge && json.BytesCommitted + json.BytesPending < LargeBytes; turn++)
            {
                Message(json, turn % 2 == 1 ? "user" : "assistant", Turn(turn));
            }

            Message(json, "user", "Why does the test that counts the reads fail?");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void Message(Utf8JsonWriter json, string role, string content)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", content);
        json.WriteEndObject();
    }

    // A file as an agent reads it: lines, indents and quotes, about 6 KB.
    private static string Turn(int number)
    {
        var text = new StringBuilder($"The file src/part{number}.py, lines 1 to 120:\n");
        for (var line = 1; line <= 120; line++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"    {line,4}  value_{number}_{line} = read(\"data/{line * number % 97}.txt\")\n");
        }

        return text.ToString();
    }
}
