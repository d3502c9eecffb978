using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>What is known of an answer while it is said in Google's form, streamed or whole.</summary>
/// <param name="model">The model's name where the provider gives none.</param>
internal abstract class GeminiWriting(string model) : AnswerWriter
{
    private readonly List<(AnswerEvent.ToolCall Call, StringBuilder Arguments)> _calls = [];
    private string? _signature;
    private string _id = "";
    private string _model = model;
    private TokenUsage? _usage;
    private AnswerEvent.Finished? _finished;
    private bool _refused;

    protected bool IsFinished => _finished is not null;

    public override void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        switch (answerEvent)
        {
            case AnswerEvent.Started started:
                (_id, _model) = (started.Id, started.Model.Length > 0 ? started.Model : _model);
                break;
            case AnswerEvent.Text text:
                Add(new(text.Delta) { Signature = Pending() }, output);
                break;
            case AnswerEvent.Refusal refusal:
                _refused = true;
                Add(new(refusal.Delta), output);
                break;
            case AnswerEvent.Reasoning reasoning:
                Add(new(reasoning.Delta) { IsThought = true }, output);
                break;
            case AnswerEvent.ReasoningSignature signature:
                Sign(GeminiSignatures.OfThought(signature.Signature), output);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                Sign(GeminiSignatures.Redacted + redacted.Data, output);
                break;
            case AnswerEvent.ToolCall call:
                _calls.Add((call, new()));
                break;
            case AnswerEvent.Arguments arguments:
                _calls.First(call => call.Call.Index == arguments.Index).Arguments.Append(arguments.Delta);
                break;
            case AnswerEvent.Usage usage:
                _usage = usage.Tokens;
                break;
            case AnswerEvent.Finished finished:
                _finished = finished;
                break;
            case AnswerEvent.Failed failed when Error is null:
                Error = failed.Error;
                Fail(failed.Error, output);
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (Error is null && !IsFinished)
        {
            Write(AnswerEvent.Failed.BrokeOff, output);
        }

        if (Error is null && Calls(output) is { } calls)
        {
            Finish(calls, output);
        }
    }

    // It stands with what comes next, as Google's own do: clients leave thoughts out of the conversation that they send back.
    private void Sign(string signature, IBufferWriter<byte> output)
    {
        SignAlone(output);
        _signature = signature;
    }

    // Where nothing comes that could carry it.
    private void SignAlone(IBufferWriter<byte> output)
    {
        if (Pending() is { } signature)
        {
            Add(new("") { IsThought = true, Signature = signature }, output);
        }
    }

    private string? Pending()
    {
        var signature = _signature;
        _signature = null;
        return signature;
    }

    // Calls come last and whole: their fragments may come in any order.
    private List<GeminiPart>? Calls(IBufferWriter<byte> output)
    {
        if (_calls is not [{ Call.Signature: null }, ..])
        {
            SignAlone(output);
        }

        List<GeminiPart> parts = [];
        foreach (var (call, arguments) in _calls)
        {
            var whole = ToolArguments.Whole(arguments, call.Name, isCut: _finished!.Reason == FinishReason.Length, out var error);
            if (error is not null)
            {
                Write(new AnswerEvent.Failed(error), output);
                return null;
            }

            if (whole is not null)
            {
                parts.Add(new(null as string) { Call = call, Signature = call.Signature ?? Pending(), Arguments = whole });
            }
        }

        return parts;
    }

    protected abstract void Add(GeminiPart part, IBufferWriter<byte> output);

    protected abstract void Finish(IReadOnlyList<GeminiPart> calls, IBufferWriter<byte> output);

    protected abstract void Fail(GatewayError error, IBufferWriter<byte> output);

    /// <summary>Writes an answer, or a piece of one.</summary>
    protected void Answer(IReadOnlyList<GeminiPart> parts, bool isLast, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartArray("candidates");
        json.WriteStartObject();
        json.WriteStartObject("content");
        json.WriteStartArray("parts");
        foreach (var part in parts)
        {
            part.Write(json);
        }

        json.WriteEndArray();
        json.WriteString("role", "model");
        json.WriteEndObject();
        if (isLast)
        {
            json.WriteString("finishReason", _refused ? "SAFETY" : _finished!.Reason switch
            {
                FinishReason.Length => "MAX_TOKENS",
                FinishReason.Filtered or FinishReason.Refused => "SAFETY",
                _ => "STOP",
            });
        }

        json.WriteNumber("index", 0);
        json.WriteEndObject();
        json.WriteEndArray();
        if (isLast && _usage is not null)
        {
            GeminiUsage.Write(json, _usage);
        }

        json.WriteString("modelVersion", _model);
        json.WriteString("responseId", _id);
        json.WriteEndObject();
        json.Flush();
    }
}
