using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using CodeAgent.Contracts;
using StackExchange.Redis;

namespace CodeAgent.Api.Events;

/// <summary>A <see cref="Page{T}"/> of <see cref="TaskEvent"/>, put together from the events as they are stored: they were checked when they came, and are neither read nor written anew.</summary>
/// <param name="events">One more than fits, where there is a next page.</param>
/// <param name="after">Number of the event before the first.</param>
/// <param name="limit">Events of the page, at most.</param>
internal sealed class EventPageResult(RedisValue[] events, long after, int limit) : IResult
{
    private static readonly JsonEncodedText Items = JsonEncodedText.Encode("items");
    private static readonly JsonEncodedText Next = JsonEncodedText.Encode("next");

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = $"{MediaTypeNames.Application.Json}; charset=utf-8";
        var body = httpContext.Response.BodyWriter;
        await using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray(Items);
            foreach (var stored in events.AsSpan(0, Math.Min(limit, events.Length)))
            {
                json.WriteRawValue(((ReadOnlyMemory<byte>)stored).Span, skipInputValidation: true);
            }

            json.WriteEndArray();
            if (events.Length > limit)
            {
                // The place in the list is the number less one, without gaps.
                json.WriteString(Next, (after + limit).ToString(CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        await body.FlushAsync(httpContext.RequestAborted);
    }
}
