using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Says an answer as one message in Anthropic's form.</summary>
/// <param name="model">The model's name where the provider gives none.</param>
internal sealed class MessagesAnswerWriter(string model) : AnswerWriter
{
    private readonly List<Block> _blocks = [];
    private (string? Id, string Model) _head = (null, model);
    private TokenUsage _usage = new(0, 0, 0, 0);
    private AnswerEvent.Finished? _finished;
    private bool _refused;

    public override void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        switch (answerEvent)
        {
            case AnswerEvent.Started started:
                _head = (started.Id, started.Model);
                break;
            case AnswerEvent.Text text:
                Last("text").Text.Append(text.Delta);
                break;
            case AnswerEvent.Refusal refusal:
                _refused = true;
                Last("text").Text.Append(refusal.Delta);
                break;
            case AnswerEvent.Reasoning reasoning:
                Last("thinking").Text.Append(reasoning.Delta);
                break;
            case AnswerEvent.ReasoningSignature signature:
                Last("thinking").Signature = Signatures.ToCaller(Protocol.Messages, signature.Signature);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                Add("redacted_thinking").Text.Append(Signatures.ToCaller(Protocol.Messages, redacted.Data));
                break;
            case AnswerEvent.ToolCall call:
                if (call.Signature is { } signed)
                {
                    Add("thinking").Signature = Signatures.ToCaller(Protocol.Messages, signed);
                }

                Add("tool_use").Call = call;
                break;
            case AnswerEvent.Arguments arguments:
                _blocks.First(block => block.Call?.Index == arguments.Index).Text.Append(arguments.Delta);
                break;
            case AnswerEvent.Usage usage:
                _usage = usage.Tokens;
                break;
            case AnswerEvent.Finished finished:
                _finished = finished;
                break;
            case AnswerEvent.Failed failed:
                Fail(failed.Error, output);
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (_finished is null)
        {
            Fail(AnswerEvent.Failed.BrokeOff.Error, output);
        }

        foreach (var block in _blocks.Where(block => block.Call is not null && Error is null).ToList())
        {
            if (ToolArguments.Whole(block.Text, block.Call!.Name, isCut: _finished!.Reason == FinishReason.Length, out var error) is { } input)
            {
                block.Input = input;
            }
            else if (error is null)
            {
                _blocks.Remove(block);
            }
            else
            {
                Fail(error, output);
            }
        }

        if (Error is not null)
        {
            return;
        }

        using var json = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.WriteStartObject();
        Head(json, _head.Id, _head.Model);
        json.WriteStartArray("content");
        foreach (var block in _blocks)
        {
            Write(json, block);
        }

        json.WriteEndArray();
        json.WriteString("stop_reason", StopReason(_finished!, _refused));
        json.WriteString("stop_sequence", _finished!.StopSequence);
        MessagesUsage.Write(json, _usage);
        json.WriteEndObject();
        json.Flush();
    }

    public static void Head(Utf8JsonWriter json, string? id, string model)
    {
        json.WriteString("id", AnswerIds.With("msg_", id ?? Guid.NewGuid().ToString("N")));
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", model);
    }

    public static string StopReason(AnswerEvent.Finished finished, bool refused) => finished.Reason switch
    {
        _ when refused => "refusal",
        FinishReason.Stop when finished.StopSequence is not null => "stop_sequence",
        FinishReason.Length => "max_tokens",
        FinishReason.ToolCalls => "tool_use",
        FinishReason.Filtered or FinishReason.Refused => "refusal",
        _ => "end_turn",
    };

    private static void Write(Utf8JsonWriter json, Block block)
    {
        json.WriteStartObject();
        json.WriteString("type", block.Type);
        switch (block.Type)
        {
            case "text":
                json.WriteString("text", block.Text.ToString());
                break;
            case "thinking":
                json.WriteString("thinking", block.Text.ToString());
                json.WriteString("signature", block.Signature ?? "");
                break;
            case "redacted_thinking":
                json.WriteString("data", block.Text.ToString());
                break;
            default:
                json.WriteString("id", block.Call!.Id);
                json.WriteString("name", block.Call.Name);
                json.WritePropertyName("input");
                json.WriteRawValue(block.Input!, skipInputValidation: true);
                break;
        }

        json.WriteEndObject();
    }

    private Block Last(string type) =>
        _blocks is [.., var last] && last.Type == type && last.Signature is null ? last : Add(type);

    private Block Add(string type)
    {
        _blocks.Add(new(type));
        return _blocks[^1];
    }

    private void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        if (Error is null)
        {
            Error = error;
            output.Write(MessagesErrors.Body(error));
        }
    }

    private sealed class Block(string type)
    {
        public string Type => type;

        public StringBuilder Text { get; } = new();

        public string? Signature { get; set; }

        public AnswerEvent.ToolCall? Call { get; set; }

        public string? Input { get; set; }
    }
}
