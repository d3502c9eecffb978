using System.Buffers;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

internal sealed partial class ResponsesAnswerWriter
{
    private readonly JsonEvents _events = new();
    private int _number;

    private void CloseAll(IBufferWriter<byte> output)
    {
        CloseReasoning(output);
        CloseMessage(output);
        CloseCalls(output);
    }

    private void CloseReasoning(IBufferWriter<byte> output)
    {
        if (_reasoning is null)
        {
            return;
        }

        if (_reasoning.Summary.Length > 0)
        {
            var text = _reasoning.Summary.ToString();
            if (Begin(output, "response.reasoning_summary_text.done"u8, _reasoning) is { } json)
            {
                json.WriteNumber("summary_index"u8, 0);
                json.WriteString("text"u8, text);
                End(json);
            }

            Summary(output, "response.reasoning_summary_part.done"u8, text);
        }

        Done(_reasoning, output);
        _reasoning = null;
    }

    private void CloseMessage(IBufferWriter<byte> output)
    {
        if (_message is null)
        {
            return;
        }

        ClosePart(output);
        Done(_message, output);
        _message = null;
    }

    private void ClosePart(IBufferWriter<byte> output)
    {
        if (_message!.Parts.Count == 0)
        {
            return;
        }

        var (isRefusal, text) = (_message.Parts[^1].IsRefusal, _message.Parts[^1].Text.ToString());
        if (Begin(output, isRefusal ? "response.refusal.done"u8 : "response.output_text.done"u8, _message) is { } json)
        {
            json.WriteNumber("content_index"u8, _message.Parts.Count - 1);
            json.WriteString(isRefusal ? "refusal"u8 : "text"u8, text);
            if (!isRefusal)
            {
                json.WriteStartArray("logprobs"u8);
                json.WriteEndArray();
            }

            End(json);
        }

        Part(output, "response.content_part.done"u8, isRefusal, text);
    }

    private void CloseCalls(IBufferWriter<byte> output)
    {
        foreach (var call in _calls.Values)
        {
            if (call.IsFreeform)
            {
                Delta(output, "response.custom_tool_call_input.delta"u8, call, call.Text);
            }

            if (Begin(output, call.IsFreeform ? "response.custom_tool_call_input.done"u8 : "response.function_call_arguments.done"u8, call) is { } json)
            {
                json.WriteString(call.IsFreeform ? "input"u8 : "arguments"u8, call.Text);
                End(json);
            }

            Done(call, output);
        }

        _calls.Clear();
    }

    private void Added(OutputItem item, IBufferWriter<byte> output) => Item(item, output, "response.output_item.added"u8, isDone: false);

    private void Done(OutputItem item, IBufferWriter<byte> output)
    {
        _done.Add(item);
        Item(item, output, "response.output_item.done"u8, isDone: true);
    }

    private void Item(OutputItem item, IBufferWriter<byte> output, ReadOnlySpan<byte> name, bool isDone)
    {
        if (Begin(output, name) is { } json)
        {
            json.WriteNumber("output_index"u8, item.Index);
            json.WritePropertyName("item"u8);
            item.Write(json, isDone);
            End(json);
        }
    }

    private void Part(IBufferWriter<byte> output, ReadOnlySpan<byte> name, bool isRefusal, string text)
    {
        if (Begin(output, name, _message!) is { } json)
        {
            json.WriteNumber("content_index"u8, _message!.Parts.Count - 1);
            json.WritePropertyName("part"u8);
            MessageItem.Part(json, isRefusal, text);
            End(json);
        }
    }

    private void Summary(IBufferWriter<byte> output, ReadOnlySpan<byte> name, string text)
    {
        if (Begin(output, name, _reasoning!) is { } json)
        {
            json.WriteNumber("summary_index"u8, 0);
            json.WritePropertyName("part"u8);
            ReasoningItem.Part(json, text);
            End(json);
        }
    }

    private void Delta(IBufferWriter<byte> output, ReadOnlySpan<byte> name, OutputItem item, string delta)
    {
        if (Begin(output, name, item) is { } json)
        {
            switch (item)
            {
                case MessageItem message:
                    json.WriteNumber("content_index"u8, message.Parts.Count - 1);
                    break;
                case ReasoningItem:
                    json.WriteNumber("summary_index"u8, 0);
                    break;
            }

            json.WriteString("delta"u8, delta);
            if (item is MessageItem { Parts: [.., (false, _)] })
            {
                json.WriteStartArray("logprobs"u8);
                json.WriteEndArray();
            }

            End(json);
        }
    }

    private Utf8JsonWriter? Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> name, OutputItem item)
    {
        if (Begin(output, name) is not { } json)
        {
            return null;
        }

        json.WriteString("item_id"u8, item.Id);
        json.WriteNumber("output_index"u8, item.Index);
        return json;
    }

    // Where no stream was asked for, there are no events, only what they would have led to.
    private Utf8JsonWriter? Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> name)
    {
        if (!request.IsStream)
        {
            return null;
        }

        var json = _events.BeginEvent(output, name);
        json.WriteStartObject();
        json.WriteString("type"u8, name);
        json.WriteNumber("sequence_number"u8, _number++);
        return json;
    }

    private void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        _events.End();
    }

    private void Response(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> status)
    {
        if (Begin(output, name) is { } json)
        {
            json.WritePropertyName("response"u8);
            Response(json, status);
            End(json);
        }
    }

    // What was asked (instructions, tools, …) is not repeated: it is long, and the caller has it.
    private void Response(Utf8JsonWriter json, ReadOnlySpan<byte> status)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, _created);
        json.WriteString("status"u8, status);
        json.WriteNull("error"u8);
        if (_finish is FinishReason.Length or FinishReason.Filtered)
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, _finish == FinishReason.Length ? "max_output_tokens"u8 : "content_filter"u8);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details"u8);
        }

        json.WriteNull("instructions"u8);
        json.WriteNull("metadata"u8);
        json.WriteString("model"u8, _model);
        json.WriteStartArray("output"u8);
        foreach (var item in _done.OrderBy(item => item.Index))
        {
            item.Write(json, isDone: true);
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls"u8, true);
        json.WriteNull("previous_response_id"u8);
        json.WriteBoolean("store"u8, false);
        json.WriteNull("temperature"u8);
        json.WriteString("tool_choice"u8, "auto"u8);
        json.WriteStartArray("tools"u8);
        json.WriteEndArray();
        json.WriteNull("top_p"u8);
        ResponsesUsage.Write(json, _usage);
        json.WriteEndObject();
    }
}
